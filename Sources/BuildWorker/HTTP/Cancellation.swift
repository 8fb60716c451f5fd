internal import Synchronization

/// Joins a task's cancellation to what is to be done then, whichever is there first.
final class Cancellation: Sendable {
    private enum State {
        /// → `armed`, `cancelled`
        case waiting
        /// → `cancelled`
        case armed(@Sendable () -> Void)
        case cancelled
    }

    private let state = Mutex(State.waiting)

    /// Call it once.
    func onCancel(_ action: @escaping @Sendable () -> Void) {
        let isCancelled = self.state.withLock { state in
            if case .cancelled = state { return true }
            state = .armed(action)
            return false
        }
        if isCancelled { action() }
    }

    func cancel() {
        let before = self.state.withLock { state in
            defer { state = .cancelled }
            return state
        }
        if case .armed(let action) = before { action() }
    }
}
