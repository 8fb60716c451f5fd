internal import Synchronization

/// Whether deliveries are taken: while nobody has a reason against it. The wish is passed on under the lock, so that wishes arrive in order.
final class Intake: Sendable {
    enum Reason: Hashable, Sendable {
        /// A service that builds need is away.
        case outage
        /// This worker looks whether anything is left to do.
        case idle
    }

    private let reasons = Mutex<Set<Reason>>([])
    private let set: @Sendable (Bool) -> Void

    /// - Parameter set: may only pass the wish on.
    init(_ set: @escaping @Sendable (Bool) -> Void) { self.set = set }

    func pause(for reason: Reason) { self.change { $0.insert(reason).inserted } }
    func resume(from reason: Reason) { self.change { $0.remove(reason) != nil } }

    private func change(_ body: (inout Set<Reason>) -> Bool) {
        self.reasons.withLock { reasons in
            if body(&reasons) { self.set(reasons.isEmpty) }
        }
    }
}
