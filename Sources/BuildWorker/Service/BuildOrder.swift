internal import Synchronization

/// Lets the messages of one build be handled one after another, in order of arrival, and those of different builds at once.
final class BuildOrder: Sendable {
    /// A place in one build's queue. Wait for it, handle the message, and leave: who does not leave blocks the build.
    final class Turn: Sendable {
        private enum State {
            /// Others are before it → `waiting`, `ready`
            case queued
            /// Somebody waits for it → `ready`
            case waiting(CheckedContinuation<Void, Never>)
            case ready
        }

        let build: BuildID
        private let state = Mutex(State.queued)

        fileprivate init(_ build: BuildID) { self.build = build }

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

        fileprivate func come() {
            let waiter: CheckedContinuation<Void, Never>? = self.state.withLock { state in
                defer { state = .ready }
                if case .waiting(let continuation) = state { return continuation }
                return nil
            }
            waiter?.resume()
        }
    }

    /// By build: the turn that has come, and those behind it.
    private let queues = Mutex<[BuildID: [Turn]]>([:])

    /// Takes a place at the end. Call it in the order of arrival.
    func join(_ build: BuildID) -> Turn {
        let turn = Turn(build)
        let isFirst = self.queues.withLock { queues in
            queues[build, default: []].append(turn)
            return queues[build]?.count == 1
        }
        if isFirst { turn.come() }
        return turn
    }

    /// Lets the next one in.
    func leave(_ turn: Turn) {
        let next = self.queues.withLock { queues -> Turn? in
            queues[turn.build]?.removeFirst()
            guard let next = queues[turn.build]?.first else {
                queues[turn.build] = nil
                return nil
            }
            return next
        }
        next?.come()
    }
}
