internal import Synchronization

/// Lets many in, or one alone, in the order in which they come.
final class Gate: Sendable {
    private struct Waiter {
        let isAlone: Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var inside = 0
        var isAlone = false
        var waiters: [Waiter] = []

        /// Those whose time has come.
        mutating func admit() -> [CheckedContinuation<Void, Never>] {
            var admitted: [CheckedContinuation<Void, Never>] = []
            while let next = self.waiters.first, !self.isAlone, !next.isAlone || self.inside == 0 {
                self.waiters.removeFirst()
                self.inside += 1
                self.isAlone = next.isAlone
                admitted.append(next.continuation)
            }
            return admitted
        }
    }

    private let state = Mutex(State())

    /// Somebody is inside alone or waits to be.
    var isClosed: Bool { self.state.withLock { $0.isAlone || !$0.waiters.isEmpty } }

    func enter() async {
        let isIn = self.state.withLock { state in
            guard !state.isAlone, state.waiters.isEmpty else { return false }
            state.inside += 1
            return true
        }
        if !isIn { await self.wait(alone: false) }
    }

    func enterAlone() async { await self.wait(alone: true) }

    private func wait(alone isAlone: Bool) async {
        await withCheckedContinuation { continuation in
            let admitted = self.state.withLock { state in
                state.waiters.append(Waiter(isAlone: isAlone, continuation: continuation))
                return state.admit()
            }
            admitted.forEach { $0.resume() }
        }
    }

    func leave() {
        let admitted = self.state.withLock { state in
            state.inside -= 1
            state.isAlone = false
            return state.admit()
        }
        admitted.forEach { $0.resume() }
    }
}
