internal import Synchronization

/// How many of one key may be inside at a time. Each key has its own line, so that `stop` never waits behind `start`.
final class KeyedSemaphore: Sendable {
    private struct Lane {
        let limit: Int
        var running = 0
        var line: [OneShotSignal] = []
    }

    private let lanes: Mutex<[String: Lane]>

    /// - Parameter limits: by key; a key without one, or with 0, has none.
    init(_ limits: [String: Int]) { self.lanes = Mutex(limits.filter { $0.value > 0 }.mapValues { Lane(limit: $0) }) }

    func isFull(_ key: String) -> Bool { self.lanes.withLock { lanes in lanes[key].map { $0.running >= $0.limit } ?? false } }

    /// Waits for a place, first come, first served. Every place taken must be released.
    func acquire(_ key: String) async {
        let turn = self.lanes.withLock { lanes -> OneShotSignal? in
            guard let lane = lanes[key] else { return nil }
            guard lane.running >= lane.limit else {
                lanes[key]?.running += 1
                return nil
            }
            let turn = OneShotSignal()
            lanes[key]?.line.append(turn)
            return turn
        }
        await turn?.wait()
    }

    func release(_ key: String) {
        let next = self.lanes.withLock { lanes -> OneShotSignal? in
            guard let lane = lanes[key] else { return nil }
            guard lane.line.isEmpty else { return lanes[key]?.line.removeFirst() }
            lanes[key]?.running -= 1
            return nil
        }
        next?.fire()
    }
}
