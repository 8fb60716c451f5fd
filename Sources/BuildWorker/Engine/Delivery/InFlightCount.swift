internal import Synchronization

final class InFlightCount: Sendable {
    private let deliveries = Atomic<Int>(0)

    var count: Int { self.deliveries.load(ordering: .relaxed) }
    func began() { self.deliveries.add(1, ordering: .relaxed) }
    func ended() { self.deliveries.subtract(1, ordering: .relaxed) }
}
