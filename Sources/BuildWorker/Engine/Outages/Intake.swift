internal import Synchronization

/// Consumes deliveries unless paused. The state is passed on under the lock, so that changes arrive in order.
final class Intake: Sendable {
    enum Reason: Hashable, Sendable {
        case outage
        /// The worker checks whether any work is left.
        case idle
    }

    private let reasons = Mutex<Set<Reason>>([])
    private let set: @Sendable (Bool) -> Void

    /// - Parameter set: called under the lock; must return at once.
    init(_ set: @escaping @Sendable (Bool) -> Void) { self.set = set }

    func pause(for reason: Reason) { self.change { $0.insert(reason).inserted } }
    func resume(from reason: Reason) { self.change { $0.remove(reason) != nil } }

    private func change(_ body: (inout Set<Reason>) -> Bool) {
        self.reasons.withLock { reasons in
            if body(&reasons) { self.set(reasons.isEmpty) }
        }
    }
}
