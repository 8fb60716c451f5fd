internal import Synchronization

/// How many of one key may be inside at a time, in order of arrival. Each key has its own line: no build waits behind another, no `stop` behind
/// `start`.
package final class KeyedSemaphore<Key: Hashable & Sendable>: Sendable {
    private struct Lane {
        var inside = 0
        var line: ArraySlice<OneShotSignal> = []
    }

    private let limit: @Sendable (Key) -> Int?
    private let lanes = Mutex<[Key: Lane]>([:])

    /// - Parameter limit: of a key, at least 1; `nil`: it has none.
    package init(limit: @escaping @Sendable (Key) -> Int?) { self.limit = limit }

    package func isFull(_ key: Key) -> Bool {
        guard let limit = self.limit(key) else { return false }
        return self.lanes.withLock { lanes in lanes[key].map { $0.inside >= limit } ?? false }
    }

    /// Takes a place, first come, first served, which must be left again. `nil`: it is inside; else it is once this is fired.
    package func join(_ key: Key) -> OneShotSignal? {
        guard let limit = self.limit(key) else { return nil }
        return self.lanes.withLock { lanes in
            guard let inside = lanes[key]?.inside, inside >= limit else {
                lanes[key, default: Lane()].inside += 1
                return nil
            }
            let turn = OneShotSignal()
            lanes[key]?.line.append(turn)
            return turn
        }
    }

    /// Lets the next one in.
    package func leave(_ key: Key) {
        let next = self.lanes.withLock { lanes -> OneShotSignal? in
            guard let lane = lanes[key] else { return nil }
            guard lane.line.isEmpty else { return lanes[key]?.line.removeFirst() }
            if lane.inside == 1 { lanes[key] = nil } else { lanes[key]?.inside -= 1 }
            return nil
        }
        next?.fire()
    }
}
