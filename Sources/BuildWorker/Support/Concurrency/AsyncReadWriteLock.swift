internal import Synchronization

/// Admits many shared holders or one exclusive holder, in order of arrival.
package final class AsyncReadWriteLock: Sendable {
    private struct Waiter {
        let isExclusive: Bool
        let turn = OneShotSignal()
    }

    private struct State {
        var inside = 0
        var isExclusive = false
        var waiters: ArraySlice<Waiter> = []

        /// Removes and returns the waiters that can enter now.
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

    /// Whether an exclusive holder is inside or waiting.
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

    /// Queues for exclusive access. Wait for the signal, then call ``leave()``. Later arrivals wait behind it.
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
