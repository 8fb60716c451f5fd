internal import Synchronization

/// Lets many in, or one alone, in the order in which they come.
final class Gate: Sendable {
    private struct Waiter {
        let isAlone: Bool
        let turn = Turn()
    }

    private struct State {
        var inside = 0
        var isAlone = false
        var waiters: ArraySlice<Waiter> = []

        /// Those whose turn it is.
        mutating func admit() -> [Turn] {
            var admitted: [Turn] = []
            while let next = self.waiters.first, !self.isAlone, !next.isAlone || self.inside == 0 {
                self.waiters.removeFirst()
                self.inside += 1
                self.isAlone = next.isAlone
                admitted.append(next.turn)
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
        if !isIn { await self.join(Waiter(isAlone: false)).wait() }
    }

    /// Takes a place in the line, to be inside alone. Wait for the turn, and ``leave()``: nobody who comes later is let in before.
    func joinAlone() -> Turn { self.join(Waiter(isAlone: true)) }

    private func join(_ waiter: Waiter) -> Turn {
        let admitted = self.state.withLock { state in
            state.waiters.append(waiter)
            return state.admit()
        }
        admitted.forEach { $0.come() }
        return waiter.turn
    }

    func leave() {
        let admitted = self.state.withLock { state in
            state.inside -= 1
            state.isAlone = false
            return state.admit()
        }
        admitted.forEach { $0.come() }
    }
}
