package import RabbitMQ

/// Judges the broker's state of the worker's queues.
package struct QueuesCheck: Sendable {
    package struct Queue: Hashable, Sendable {
        package let role: QueueRole
        package let name: String
        /// Messages not in flight; `nil`: the queue is missing, or not counted yet.
        package let ready: Int?
        package let consumers: Int?

        package init(_ role: QueueRole, _ name: String, ready: Int? = nil, consumers: Int? = nil) {
            (self.role, self.name, self.ready, self.consumers) = (role, name, ready, consumers)
        }
    }

    /// Tolerance for timers that expire during the check, or that another worker has in flight.
    private static let timersThatMayBeMissing = 10

    /// Messages per queue: build, wait, retry and retry wait.
    package var depth = Thresholds(warning: AlertRange(above: 100), critical: AlertRange(above: 1000))
    /// Accepts topology differences without data loss, for queues managed elsewhere.
    package var acceptsDrift = false

    package init() {}

    /// - Parameter expectedTimers: armed init timers that have not fired; `nil`: no worker was asked.
    package func judge(_ queues: [Queue], _ findings: [TopologyFinding], expectedTimers: Int?) -> CheckResult {
        let ready = queues.compactMap { queue in queue.ready.map { "\($0) in \(queue.name)" } }
        var result = CheckResult(summary: ready.joined(separator: ", "))
        for queue in queues { self.measure(queue, &result) }
        for finding in findings {
            switch finding.severity {
            case .ok: break
            case .warning:
                if !self.acceptsDrift || !finding.isDrift {
                    result.add(.warning, "\(finding.subject): \(finding.text)")
                }
            case .problem: result.add(.critical, "\(finding.subject): \(finding.text)")
            }
        }
        if let expected = expectedTimers, let timers = queues.first(where: { $0.role == .initTimers })?.ready {
            result.measure(CheckFigure("timers_expected", expected))
            if timers * 2 < expected, expected - timers > Self.timersThatMayBeMissing {
                let few = "a worker waits for \(expected) init timers and only \(timers) are there"
                result.add(.warning, "\(few): pods may go unwatched")
            }
        }
        return result
    }

    private func measure(_ queue: Queue, _ result: inout CheckResult) {
        let (thresholds, isConsumed) =
            switch queue.role {
            case .build, .retry: (self.depth, true)
            case .wait, .retryWait: (self.depth, false)
            // One per starting build: not a backlog.
            case .initTimers: (Thresholds.none, false)
            // Needs an operator, but no build waits for it.
            case .parked: (Thresholds(warning: AlertRange(above: 0)), false)
            }
        let hint = queue.role == .parked ? ": 'worker parked list' says why" : ""
        result.measure(
            CheckFigure(queue.role.rawValue, queue.ready, thresholds), "\(queue.ready ?? 0) in \(queue.name)\(hint)")
        guard isConsumed else { return }
        let consumers = CheckFigure(
            "\(queue.role.rawValue)_consumers", queue.consumers, Thresholds(critical: AlertRange("1:")))
        result.measure(consumers, "no consumers on \(queue.name)")
    }
}
