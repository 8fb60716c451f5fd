import NIOCore

/// A build as the Screwdriver API knows it.
final class Build {
    /// One accepted `PUT`, as it was sent.
    struct Update {
        var at: Timestamp
        var body: ByteBuffer
    }

    let id: String
    var status = BuildStatus.queued {
        didSet { endedAt = status.isFinished ? endedAt ?? .now() : nil }
    }
    private(set) var endedAt: Timestamp?
    var statusMessage: String?
    /// Values are JSON. Each update adds to these or replaces some.
    private(set) var stats: [(key: String, value: [UInt8])] = []
    var updates: [Update] = []

    init(id: String) { self.id = id }

    func merge(stats new: [(key: String, value: [UInt8])]) {
        for (key, value) in new {
            if let index = stats.firstIndex(where: { $0.key == key }) {
                stats[index].value = value
            } else {
                stats.append((key, value))
            }
        }
    }

    func apply(_ update: BuildUpdate) {
        if let status = update.status { self.status = status }
        if let message = update.statusMessage { statusMessage = message }
        merge(stats: update.stats)
    }

    /// Writes `"status":…,"statusMessage":…,"stats":{…}`; the message is left out while there is none.
    func writeMembers(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("\"status\":")
        buffer.writeJSON(status.rawValue)
        buffer.writeMember("statusMessage", statusMessage)
        buffer.writeMember("endTime", endedAt?.rfc3339)
        buffer.writeStaticString(",\"stats\":{")
        for (index, (key, value)) in stats.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            buffer.writeJSON(key)
            buffer.writeStaticString(":")
            buffer.writeBytes(value)
        }
        buffer.writeStaticString("}")
    }

    func response() -> Response {
        var body = ByteBuffer()
        body.writeStaticString("{\"id\":")
        if id.utf8.count < 19, id.utf8.first != UInt8(ascii: "0"), id.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            body.writeString(id)
        } else {
            body.writeJSON(id)
        }
        body.writeStaticString(",")
        writeMembers(into: &body)
        body.writeStaticString("}")
        return Response(status: 200, body: body)
    }
}

/// The states of a build.
enum BuildStatus: String, CaseIterable {
    case created = "CREATED"
    case queued = "QUEUED"
    case blocked = "BLOCKED"
    case frozen = "FROZEN"
    case running = "RUNNING"
    case success = "SUCCESS"
    case failure = "FAILURE"
    case aborted = "ABORTED"
    case unstable = "UNSTABLE"
    case collapsed = "COLLAPSED"

    var isFinished: Bool {
        switch self {
        case .success, .failure, .aborted: true
        case .created, .queued, .blocked, .frozen, .running, .unstable, .collapsed: false
        }
    }
}

/// The body of a `PUT` for a build.
struct BuildUpdate {
    var status: BuildStatus?
    var statusMessage: String?
    var stats: [(key: String, value: [UInt8])] = []

    /// Reads a body; members that are not simulated are accepted and only recorded.
    init(_ bytes: [UInt8]) throws(JSONProblem) {
        var scanner = JSONScanner(bytes)
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "status":
                guard let known = BuildStatus(rawValue: try scanner.string()) else {
                    let names = BuildStatus.allCases.map(\.rawValue).joined(separator: ", ")
                    throw scanner.problem("\"status\" must be one of [\(names)]")
                }
                status = known
            case "statusMessage": statusMessage = try scanner.stringOrSkip()
            case "stats":
                try scanner.object { scanner, key throws(JSONProblem) in
                    let range = try scanner.skip()
                    stats.append((key, Array(scanner.bytes[range])))
                }
            default: try scanner.skip()
            }
        }
        try scanner.end()
    }
}
