internal import Synchronization

/// The channels that deliveries can be settled on, by generation, for those who are not on the connection's thread.
final class OpenChannels: Sendable {
    private let generations = Mutex<Set<UInt64>>([])

    func open(_ generation: UInt64) { self.generations.withLock { _ = $0.insert(generation) } }
    func close(_ generation: UInt64) { self.generations.withLock { _ = $0.remove(generation) } }
    func contains(_ generation: UInt64) -> Bool { self.generations.withLock { $0.contains(generation) } }
}
