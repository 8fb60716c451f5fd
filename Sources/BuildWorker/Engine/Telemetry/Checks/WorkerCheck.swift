package import Spool
package import Support

/// Judges a worker by its own report: the document of `GET /status`, or the shorter heartbeat file.
package struct WorkerCheck: Sendable {
    /// Age of the oldest delivery in flight, in seconds. RabbitMQ closes the channel after 30 minutes.
    package var unackedAge = Thresholds(warning: AlertRange(above: 300), critical: AlertRange(above: 900))
    /// Seconds since the last tick of a connection's event loop.
    private let loopAge: Thresholds
    /// Checks liveness only, ignoring dependencies and long deliveries: for supervisors that restart.
    package var asksForLifeOnly = false

    /// - Parameter heartbeat: of the RabbitMQ connections; the liveness limits derive from it.
    package init(heartbeat: Duration) {
        self.loopAge = Thresholds(
            critical: AlertRange(above: Int(Self.loopDeadline(heartbeat: heartbeat) / .seconds(1))))
    }

    /// The stall limit of an event loop: two heartbeats, but at least the time that connecting may take.
    static func loopDeadline(heartbeat: Duration) -> Duration { max(heartbeat * 2, .seconds(30)) }

    package func judge(_ status: JSONValue) -> CheckResult {
        guard let live = status["live"]?.bool, let ready = status["ready"]?.bool,
            let problems = status["problems"]?.array?.compactMap(\.string)
        else {
            return CheckResult(.unknown, "what answers is no worker, or one of another version")
        }
        if self.asksForLifeOnly {
            let host = status["host"]?.string ?? "the worker"
            guard !live else { return CheckResult(summary: "\(host) is alive") }
            return CheckResult(.critical, (["\(host) makes no progress"] + problems).joined(separator: "; "))
        }
        let isDraining = status["draining"]?.bool == true
        let unacked = status["unacked"]?.double
        var result = CheckResult(
            summary: "\(status["host"]?.string ?? "the worker") consumes, \(unacked?.plainText ?? "?") in flight")
        if !live { result.add(.critical, "it makes no progress") }
        // A drain is intentional: a rollout must not raise an alert.
        for problem in problems { result.add(live && isDraining ? .warning : .critical, problem) }
        if !ready, problems.isEmpty { result.add(isDraining ? .warning : .critical, "it does not consume") }
        // Their failures are already among the problems.
        result.measure(CheckFigure("connections", status.count("connections") { $0["connected"]?.bool == true }))
        result.measure(CheckFigure("breakers_open", status.count("breakers") { $0["open"]?.bool == true }))
        result.measure(CheckFigure("unacked", unacked))
        let age = unacked == nil ? nil : status["oldestUnackedSeconds"]?.double ?? 0
        let words = "the oldest delivery has been in flight for \(age?.plainText ?? "?") s\(status.oldestBuild)"
        result.measure(CheckFigure("oldest_unacked", age, .seconds, self.unackedAge), words)
        for loop in status["loops"]?.array ?? [] {
            guard let name = loop["name"]?.string, let age = loop["ageSeconds"]?.double else { continue }
            let words = "the \(name) connection's event loop stalled for \(age.plainText) s"
            result.measure(CheckFigure("loop_\(name)", age, .seconds, self.loopAge), words)
        }
        return result
    }

    /// Judges a worker by its heartbeat file if its server is unreachable: alive, but something is wrong.
    package func judge(unreachable reason: String, _ heartbeat: Heartbeat?) -> CheckResult {
        guard let heartbeat else { return CheckResult(.critical, "\(reason), and there is no heartbeat file") }
        let age = (heartbeat.age / .milliseconds(100)).rounded() / 10
        guard heartbeat.isRecent else {
            let owner = heartbeat.isOfTheDead ? " and of a process that is gone" : ""
            return CheckResult(.critical, "\(reason), and the last heartbeat is \(age.plainText) s old\(owner)")
        }
        var result = self.judge(heartbeat.document)
        guard !self.asksForLifeOnly else { return result }
        result.add(.warning, "\(reason); its heartbeat file of \(age.plainText) s ago was looked at instead")
        return result
    }
}

extension JSONValue {
    fileprivate func count(_ list: String, where condition: (JSONValue) -> Bool) -> Int? {
        self[list]?.array?.count(where: condition)
    }

    /// The delivery in flight longest: they are sorted oldest first.
    fileprivate var oldestBuild: String {
        guard let oldest = self["inFlight"]?.array?.first, let build = oldest["buildId"]?.scalarText else { return "" }
        return ": build \(build), \(oldest["step"]?.string ?? "at an unknown step")"
    }
}
