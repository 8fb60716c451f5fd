import NIOCore

/// A build as the Screwdriver API knows it.
final class Build {
    /// One accepted `PUT`, as it was sent.
    struct Update {
        var at: Timestamp
        var body: ByteBuffer
    }

    /// Whoever changes a build.
    enum Author: Equatable {
        /// Over the API, with a token of this user or build.
        case client(String)
        /// The launcher in the build's container.
        case launcher
        /// Somebody at the control port.
        case control
    }

    let id: String
    let createTime: Timestamp
    private(set) var status: BuildStatus
    private(set) var startTime: Timestamp?
    private(set) var endTime: Timestamp?
    /// Who ended it, once it has ended, and when. A later update of an unstable build changes its `endTime`, and not this.
    private(set) var endedBy: Author?
    private(set) var endedAt: Timestamp?
    private(set) var statusMessage: String?
    private(set) var statusMessageType: String?
    /// A message that a mere question took away, while the build is what it was then and has no new one.
    private(set) var erasedMessage: String?
    /// Values are JSON. Each update adds to these or replaces some.
    private(set) var stats: [(key: String, value: [UInt8])] = []
    /// None: nobody can be told of the build as a whole.
    private(set) var steps: [Step]
    var updates: [Update] = []

    /// A build that is in this state, however it came there.
    init(
        id: String, status: BuildStatus = .queued, statusMessage: String? = nil, hasSteps: Bool = true,
        now: Timestamp = .now()
    ) {
        self.id = id
        self.status = status
        self.statusMessage = statusMessage
        createTime = now
        steps = hasSteps ? Step.initial(now) : []
        if status == .running { begin(now) }
        guard status.isEnd else { return }
        endTime = now
        end(by: .control, now)
    }

    /// Whether its pods are to be stopped. A step may have called a build unstable that still runs.
    var hasEnded: Bool { status.isEnd && (status != .unstable || endTime != nil) }

    // MARK: Changing

    /// Why the API does not take an update.
    struct Refusal: Error {
        var code: Int
        var message: String
    }

    /// Changes the build as the API does.
    func apply(_ update: BuildUpdate, by author: Author, now: Timestamp) throws(Refusal) {
        guard status.takesUpdates else {
            throw Refusal(code: 403, message: "Can only update RUNNING, QUEUED, BLOCKED, FROZEN, or UNSTABLE builds")
        }
        if status == .running, update.status == .running {
            throw Refusal(code: 403, message: "Can not update status to RUNNING. Build Id: \(id) is still running.")
        }
        let before = (status, statusMessage)
        switch update.status {
        case nil:
            if status == .unstable, let message = update.statusMessage { setMessage(message, update.statusMessageType) }
        case .success, .failure, .aborted: endTime = now
        case .running: startTime = now
        case .queued where status != .queued: throw Refusal(code: 400, message: "Cannot update builds to QUEUED")
        case .blocked where !stats.contains { $0.key == "blockedStartTime" }:
            merge(stats: [("blockedStartTime", Array("\"\(now.rfc3339)\"".utf8))])
        case .blocked where status == .blocked: throw Refusal(code: 400, message: "Cannot update builds to BLOCKED")
        case .created, .queued, .blocked, .frozen, .unstable, .collapsed: break
        }
        merge(stats: update.stats)
        // An unstable build stays unstable: a launcher's SUCCESS only ends it.
        if status != .unstable { become(update, by: author) }
        switch update.status {
        case .running: begin(now)
        case .collapsed, .frozen: endStep("sd-setup-init", now)
        case nil, .created, .queued, .blocked, .success, .failure, .aborted, .unstable: break
        }
        if hasEnded { end(by: author, now) }
        if status != before.0 || statusMessage != nil {
            erasedMessage = nil
        } else if update.saysNothing {
            erasedMessage = before.1 ?? erasedMessage
        }
    }

    private func become(_ update: BuildUpdate, by author: Author) {
        let before = status
        status = update.status ?? status
        switch status {
        case .aborted: setMessage("\(before == .frozen ? "Frozen build aborted" : "Aborted") by \(author)", nil)
        case .failure, .success: if let message = update.statusMessage { setMessage(message, update.statusMessageType) }
        case .created, .queued, .blocked, .frozen, .running, .unstable, .collapsed:
            setMessage(update.statusMessage, update.statusMessageType)
        }
    }

    private func setMessage(_ message: String?, _ type: String?) {
        (statusMessage, statusMessageType) = (message, type)
    }

    private func begin(_ now: Timestamp) {
        startTime = startTime ?? now
        endStep("sd-setup-init", now)
        if let index = steps.firstIndex(where: { $0.startTime == nil }) { steps[index].startTime = now }
    }

    private func endStep(_ name: StaticString, _ now: Timestamp) {
        for index in steps.indices where steps[index].name.description == name.description {
            steps[index].end(at: now, code: 0)
        }
    }

    private func end(by author: Author, _ now: Timestamp) {
        if endedBy == nil { (endedBy, endedAt) = (author, now) }
        for index in steps.indices where steps[index].isActive {
            steps[index].end(at: now, code: status == .success ? 0 : Step.aborted)
        }
    }

    private func merge(stats new: [(key: String, value: [UInt8])]) {
        for (key, value) in new {
            if let index = stats.firstIndex(where: { $0.key == key }) {
                stats[index].value = value
            } else {
                stats.append((key, value))
            }
        }
    }

    // MARK: Showing

    /// Writes `"status":…,"statusMessage":…,"stats":{…}`; what the build has not is left out.
    func writeMembers(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("\"status\":")
        buffer.writeJSON(status.rawValue)
        buffer.writeMember("statusMessage", statusMessage)
        buffer.writeMember("statusMessageType", statusMessageType)
        buffer.writeMember("startTime", startTime?.rfc3339)
        buffer.writeMember("endTime", endTime?.rfc3339)
        buffer.writeStaticString(",\"stats\":{")
        for (index, (key, value)) in stats.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            buffer.writeJSON(key)
            buffer.writeStaticString(":")
            buffer.writeBytes(value)
        }
        buffer.writeStaticString("}")
    }

    /// The whole build, as the API shows it.
    func response(jobID: String) -> Response {
        var body = ByteBuffer()
        body.writeString(
            "{\"id\":\(id),\"jobId\":\(jobID),\"number\":\(createTime.milliseconds),\"cause\":\"Started by a simulated event\""
        )
        body.writeMember("createTime", createTime.rfc3339)
        body.writeStaticString(",\"environment\":[],\"meta\":{},")
        writeMembers(into: &body)
        body.writeStaticString(",\"steps\":")
        body.writeSteps(steps, of: id)
        body.writeStaticString("}")
        return Response(status: 200, body: body)
    }
}

extension Build.Author: CustomStringConvertible {
    /// For `/state`, in one word.
    var kind: String {
        switch self {
        case .client: "client"
        case .launcher: "launcher"
        case .control: "control"
        }
    }

    var description: String {
        switch self {
        case .client(let name): name
        case .launcher: "launcher"
        case .control: "control"
        }
    }
}
