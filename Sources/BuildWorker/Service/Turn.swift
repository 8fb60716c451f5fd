internal import Synchronization

/// A place in a line: whoever has it waits until it comes, which happens once.
final class Turn: Sendable {
    private enum State {
        /// Others are before it → `waiting`, `ready`
        case queued
        /// Somebody waits for it → `ready`
        case waiting(CheckedContinuation<Void, Never>)
        case ready
    }

    private let state = Mutex(State.queued)

    var hasCome: Bool {
        self.state.withLock { state in
            switch state {
            case .queued, .waiting: false
            case .ready: true
            }
        }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isReady = self.state.withLock { state in
                switch state {
                case .queued, .waiting:
                    state = .waiting(continuation)
                    return false
                case .ready: return true
                }
            }
            if isReady { continuation.resume() }
        }
    }

    func come() {
        let waiter: CheckedContinuation<Void, Never>? = self.state.withLock { state in
            defer { state = .ready }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiter?.resume()
    }
}
