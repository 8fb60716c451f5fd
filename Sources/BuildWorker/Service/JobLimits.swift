internal import Synchronization

/// How many deliveries of one job type are handled at a time. Each type has its own line, so that `stop` never waits behind
/// `start`.
final class JobLimits: Sendable {
    private struct Lane {
        let limit: Int
        var running = 0
        var line: [Turn] = []
    }

    private let lanes: Mutex<[String: Lane]>

    /// - Parameter limits: by job type; a type without one, or with 0, has none.
    init(_ limits: [String: Int]) { self.lanes = Mutex(limits.filter { $0.value > 0 }.mapValues { Lane(limit: $0) }) }

    func isFull(_ type: String) -> Bool { self.lanes.withLock { lanes in lanes[type].map { $0.running >= $0.limit } ?? false } }

    /// Waits for a place, first come, first served. Every place taken must be left again.
    func enter(_ type: String) async {
        let turn = self.lanes.withLock { lanes -> Turn? in
            guard let lane = lanes[type] else { return nil }
            guard lane.running >= lane.limit else {
                lanes[type]?.running += 1
                return nil
            }
            let turn = Turn()
            lanes[type]?.line.append(turn)
            return turn
        }
        await turn?.wait()
    }

    func leave(_ type: String) {
        let next = self.lanes.withLock { lanes -> Turn? in
            guard let lane = lanes[type] else { return nil }
            guard lane.line.isEmpty else { return lanes[type]?.line.removeFirst() }
            lanes[type]?.running -= 1
            return nil
        }
        next?.come()
    }
}
