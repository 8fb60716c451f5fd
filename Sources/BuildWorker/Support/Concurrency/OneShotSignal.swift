internal import Synchronization

/// A one-time event that one task waits for.
package final class OneShotSignal: Sendable {
    private enum State {
        /// → `awaited`, `fired`
        case idle
        /// → `fired`
        case awaited(CheckedContinuation<Void, Never>)
        case fired
    }

    private let state = Mutex(State.idle)

    package var isFired: Bool { self.state.withLock { if case .fired = $0 { true } else { false } } }

    package func wait() async {
        await withCheckedContinuation { continuation in
            let isFired = self.state.withLock { state in
                if case .fired = state { return true }
                state = .awaited(continuation)
                return false
            }
            if isFired { continuation.resume() }
        }
    }

    package func fire() {
        let waiter: CheckedContinuation<Void, Never>? = self.state.withLock { state in
            defer { state = .fired }
            if case .awaited(let continuation) = state { return continuation }
            return nil
        }
        waiter?.resume()
    }
}
