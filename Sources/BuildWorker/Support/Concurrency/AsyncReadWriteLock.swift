internal import Synchronization

/// Lets many in, or one alone, in the order in which they come.
package final class AsyncReadWriteLock: Sendable {
    private struct Waiter {
        let isExclusive: Bool
        let turn = OneShotSignal()
    }

    private struct State {
        var inside = 0
        var isExclusive = false
        var waiters: ArraySlice<Waiter> = []

        /// Those whose turn it is.
        mutating func admit() -> [OneShotSignal] {
            var admitted: [OneShotSignal] = []
            while let next = self.waiters.first, !self.isExclusive, !next.isExclusive || self.inside == 0 {
                self.waiters.removeFirst()
                self.inside += 1
                self.isExclusive = next.isExclusive
                admitted.append(next.turn)
            }
            return admitted
        }
    }

    private let state = Mutex(State())

    /// Somebody is inside alone or waits to be.
    package var isClosed: Bool { self.state.withLock { $0.isExclusive || !$0.waiters.isEmpty } }

    package init() {}

    package func enterShared() async {
        let isIn = self.state.withLock { state in
            guard !state.isExclusive, state.waiters.isEmpty else { return false }
            state.inside += 1
            return true
        }
        if !isIn { await self.join(Waiter(isExclusive: false)).wait() }
    }

    /// Takes a place in the line, to be inside alone. Wait for the turn, and ``leave()``: nobody who comes later is let in before.
    package func joinExclusive() -> OneShotSignal { self.join(Waiter(isExclusive: true)) }

    private func join(_ waiter: Waiter) -> OneShotSignal {
        let admitted = self.state.withLock { state in
            state.waiters.append(waiter)
            return state.admit()
        }
        admitted.forEach { $0.fire() }
        return waiter.turn
    }

    package func leave() {
        let admitted = self.state.withLock { state in
            state.inside -= 1
            state.isExclusive = false
            return state.admit()
        }
        admitted.forEach { $0.fire() }
    }
}
