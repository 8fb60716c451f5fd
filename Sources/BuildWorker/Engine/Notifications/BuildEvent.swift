internal import Support
internal import Workflow

/// An event sent to the events exchange and, on stdin, to the operator's command.
struct BuildEvent: Hashable, Sendable {
    /// Also the routing key.
    enum Kind: String, Hashable, Sendable, CaseIterable {
        case podCreated = "build.pod-created"
        /// The pod was seen running or already finished.
        case buildStarted = "build.started"
        /// FAILURE was sent, or the API rejected it.
        case buildFailed = "build.failed"
        case buildStopped = "build.stopped"
        /// Retried; the attempt counts.
        case buildRetried = "build.retried"
        /// Retried after an outage; the attempt does not count.
        case buildPostponed = "build.postponed"
        case messageParked = "message.parked"
        case workerStarted = "worker.started"
        case workerDrained = "worker.drained"
        case outageBegan = "outage.began"
        case outageEnded = "outage.ended"
    }

    let kind: Kind
    /// Event id, stable across redeliveries.
    let id: String
    /// RFC 3339.
    let at: String
    var buildID: BuildID?
    var jobID: String?
    var jobType: String?
    var attempt: Int?
    var podName: String?
    var cause: String?
    var reportID: String?

    init(_ kind: Kind, at time: Timestamp = .now, cause: String? = nil) {
        (self.kind, self.at, self.cause) = (kind, time.text, cause?.withoutCredentials.sanitizedForLog(limit: 500))
        self.id = "\(time.millisecondsSince1970)-\(String(UInt64.random(in: .min ... .max), radix: 16))"
    }

    func document(worker: String) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("event", .string(self.kind.rawValue)), .init("id", .string(self.id)), .init("at", .string(self.at)),
        ]
        if let buildID { members.append(.init("buildId", .number(buildID.description))) }
        if let jobID { members.append(.init("jobId", .string(jobID))) }
        if let jobType { members.append(.init("jobType", .string(jobType))) }
        if let attempt { members.append(.init("attempt", .number(String(attempt)))) }
        if let podName { members.append(.init("podName", .string(podName))) }
        if let cause { members.append(.init("cause", .string(cause))) }
        if let reportID { members.append(.init("reportId", .string(reportID))) }
        return .object(members + [.init("worker", .string(worker)), .init("version", .string(Product.version))])
    }
}
