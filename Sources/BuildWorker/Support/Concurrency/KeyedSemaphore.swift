internal import Synchronization

/// Limits how many holders of each key are inside at a time, in order of arrival. Keys do not block one another.
package final class KeyedSemaphore<Key: Hashable & Sendable>: Sendable {
    private struct Lane {
        var inside = 0
        var line: ArraySlice<OneShotSignal> = []
    }

    private let limit: @Sendable (Key) -> Int?
    private let lanes = Mutex<[Key: Lane]>([:])

    /// - Parameter limit: the limit for a key, at least 1; `nil`: unlimited.
    package init(limit: @escaping @Sendable (Key) -> Int?) { self.limit = limit }

    package func isFull(_ key: Key) -> Bool {
        guard let limit = self.limit(key) else { return false }
        return self.lanes.withLock { lanes in lanes[key].map { $0.inside >= limit } ?? false }
    }

    /// Acquires a slot; release it with ``leave(_:)``. Returns `nil` if acquired, else a signal to await.
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

    /// Releases a slot and admits the next waiter.
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
