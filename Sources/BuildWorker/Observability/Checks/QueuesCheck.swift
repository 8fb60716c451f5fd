/// What a queue is there for: its name in metrics, `/status` and checks.
public enum QueueRole: String, Hashable, Sendable {
    case build
    case wait
    case retry
    case retryWait = "retry_wait"
    case initTimers = "init"
    case parked
}

extension RabbitMQOptions {
    /// The queues that this worker uses.
    public var queues: [QueuesCheck.Queue] {
        let verification: [(QueueRole, String)] = [(.retry, self.retryQueue), (.retryWait, self.retryWaitQueue), (.initTimers, self.initQueue)]
        let roles = [(.build, self.queue), (.wait, self.waitQueue)] + (self.retryQueueEnabled ? verification : []) + [(.parked, self.parkedQueue)]
        return roles.map { QueuesCheck.Queue($0.0, $0.1) }
    }
}

/// Judges the worker's queues as the broker shows them.
public struct QueuesCheck: Sendable {
    public struct Queue: Hashable, Sendable {
        public let role: QueueRole
        public let name: String
        /// Messages that nobody has in hand; `nil`: there is no such queue, or nobody has looked yet.
        public let ready: Int?
        public let consumers: Int?

        public init(_ role: QueueRole, _ name: String, ready: Int? = nil, consumers: Int? = nil) {
            (self.role, self.name, self.ready, self.consumers) = (role, name, ready, consumers)
        }
    }

    /// Of timers that expire while one looks, and of those that another worker has in hand.
    private static let timersThatMayBeMissing = 10

    /// Of the messages in the build, wait, retry and retry wait queues, of each.
    public var depth = Thresholds(warning: AlertRange(above: 100), critical: AlertRange(above: 1000))
    /// Differences of the topology that lose nothing are fine: for queues that somebody else made.
    public var acceptsDrift = false

    public init() {}

    /// - Parameter findings: of the topology.
    /// - Parameter expectedTimers: init timers that a worker armed and that have not fired; `nil`: no worker was asked.
    public func judge(_ queues: [Queue], _ findings: [TopologyFinding], expectedTimers: Int?) -> CheckResult {
        let ready = queues.compactMap { queue in queue.ready.map { "\($0) in \(queue.name)" } }
        var result = CheckResult(summary: ready.joined(separator: ", "))
        for queue in queues { self.measure(queue, &result) }
        for finding in findings {
            switch finding.severity {
            case .ok: break
            case .warning: if !self.acceptsDrift || !finding.isDrift { result.add(.warning, "\(finding.subject): \(finding.text)") }
            case .problem: result.add(.critical, "\(finding.subject): \(finding.text)")
            }
        }
        if let expected = expectedTimers, let timers = queues.first(where: { $0.role == .initTimers })?.ready {
            result.measure(CheckFigure("timers_expected", Double(expected)), "")
            if timers * 2 < expected, expected - timers > Self.timersThatMayBeMissing {
                result.add(.warning, "a worker waits for \(expected) init timers and only \(timers) are there: pods may go unwatched")
            }
        }
        return result
    }

    private func measure(_ queue: Queue, _ result: inout CheckResult) {
        let isWork: Bool
        let isConsumed: Bool
        switch queue.role {
        case .build, .retry: (isWork, isConsumed) = (true, true)
        case .wait, .retryWait: (isWork, isConsumed) = (true, false)
        // As many as builds that begin: no backlog.
        case .initTimers, .parked: (isWork, isConsumed) = (false, false)
        }
        let depth = CheckFigure(queue.role.rawValue, queue.ready.map { Double($0) }, .count, queue.role == .parked ? Self.parked : isWork ? self.depth : .none)
        let hint = queue.role == .parked ? ": 'worker parked list' says why" : ""
        result.measure(depth, "\(queue.ready ?? 0) in \(queue.name)\(hint)")
        guard isConsumed else { return }
        result.measure(CheckFigure("\(queue.role.rawValue)_consumers", queue.consumers.map { Double($0) }, .count, Self.consumers), "nobody consumes \(queue.name)")
    }

    /// Somebody should look, but no build waits for it.
    private static let parked = Thresholds(warning: AlertRange(above: 0))
    private static let consumers = Thresholds(critical: AlertRange("1:"))
}
