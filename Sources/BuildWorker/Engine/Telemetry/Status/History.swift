internal import Support
internal import Synchronization

/// The last ten minutes in points of five seconds, for charts. Longer periods are left to a metrics server.
final class History: Sendable {
    /// The names are those of `/status`.
    enum Count: String, Sendable, CaseIterable {
        case deliveries, redeliveries, acked, nacked, postponed, podsCreated, failures, parked
    }

    static let interval = Duration.seconds(5)
    static let length = 120
    /// Samples for a point's percentiles; more would change little.
    private static let largestSample = 500

    struct Point: Sendable {
        var deliveries = 0
        var podsCreated = 0
        var failures = 0
        /// From delivery to pod; `nil` if no pod was created.
        var median: Duration?
        var p99: Duration?
    }

    private struct State {
        var points: [Point] = []
        var current = Point()
        var samples: [Duration] = []
        var totals: [Count: Int] = [:]
    }

    private let state = Mutex(State())

    func count(_ what: Count) {
        self.state.withLock { state in
            state.totals[what, default: 0] += 1
            switch what {
            case .deliveries: state.current.deliveries += 1
            case .failures: state.current.failures += 1
            case .podsCreated: state.current.podsCreated += 1
            case .redeliveries, .acked, .nacked, .postponed, .parked: break
            }
        }
    }

    func created(after duration: Duration) {
        self.count(.podsCreated)
        self.state.withLock { state in
            if state.samples.count < Self.largestSample { state.samples.append(duration) }
        }
    }

    /// Completes a point. Call it every ``interval``.
    func turn() {
        self.state.withLock { state in
            let samples = state.samples.sorted()
            if !samples.isEmpty {
                state.current.median = samples[samples.count / 2]
                state.current.p99 = samples[min(samples.count - 1, samples.count * 99 / 100)]
            }
            state.points.append(state.current)
            if state.points.count > Self.length { state.points.removeFirst() }
            state.current = Point()
            state.samples.removeAll(keepingCapacity: true)
        }
    }

    /// Oldest first.
    var points: [Point] { self.state.withLock { $0.points } }

    /// Since start.
    var totals: JSONValue {
        let totals = self.state.withLock { $0.totals }
        return .object(Count.allCases.map { .init($0.rawValue, .number(String(totals[$0] ?? 0))) })
    }

    var document: JSONValue {
        let points = self.points
        func numbers(_ value: (Point) -> Int) -> JSONValue { .array(points.map { .number(String(value($0))) }) }
        func milliseconds(_ value: (Point) -> Duration?) -> JSONValue {
            .array(points.map { value($0).map { .number(String(Int($0 / .milliseconds(1)))) } ?? .null })
        }
        return [
            "intervalSeconds": .number(String(Self.interval.components.seconds)), "deliveries": numbers(\.deliveries),
            "podsCreated": numbers(\.podsCreated),
            "failures": numbers(\.failures),
            "deliveryToPodMs": ["p50": milliseconds(\.median), "p99": milliseconds(\.p99)],
        ]
    }
}
