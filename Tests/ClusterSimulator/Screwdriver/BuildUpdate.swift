/// The body of a `PUT` for a build, held to the API's schema: what is not in it is refused.
struct BuildUpdate {
    var status: BuildStatus?
    var statusMessage: String?
    var statusMessageType: String?
    var stats: [(key: String, value: [UInt8])] = []

    private static let messageTypes = ["ERROR", "WARN", "INFO"]
    private static let dates = ["queueEnterTime", "blockedStartTime", "imagePullStartTime"]

    init(status: BuildStatus) { self.status = status }

    init(_ bytes: [UInt8]) throws(JSONProblem) {
        var scanner = JSONScanner(bytes)
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "status":
                status = BuildStatus(rawValue: try scanner.string())
                if status == nil {
                    throw scanner.problem("\"status\" must be one of \(BuildStatus.allCases.map(\.rawValue))")
                }
            case "statusMessage": statusMessage = try Self.text(key, &scanner)
            case "statusMessageType":
                let type = try scanner.string()
                guard Self.messageTypes.contains(type) else {
                    throw scanner.problem("\"\(key)\" must be one of \(Self.messageTypes)")
                }
                statusMessageType = type
            case "meta": try scanner.object { scanner, _ throws(JSONProblem) in try scanner.skip() }
            case "stats":
                try scanner.object { scanner, key throws(JSONProblem) in
                    var reader = scanner
                    if Self.dates.contains(key) {
                        guard Self.isDate(try reader.string()) else {
                            throw scanner.problem("\"stats.\(key)\" must be in iso format")
                        }
                    } else if key == "hostname" {
                        _ = try Self.text(key, &reader)
                    }
                    let range = try scanner.skip()
                    stats.append((key, Array(scanner.bytes[range])))
                }
            default: throw scanner.problem("\"\(key)\" is not allowed")
            }
        }
        try scanner.end()
    }

    /// Nothing but a way to hear the build's status: a worker's question.
    var saysNothing: Bool { status == nil && statusMessage == nil && stats.isEmpty }

    private static func text(_ key: String, _ scanner: inout JSONScanner) throws(JSONProblem) -> String {
        let text = try scanner.string()
        if text.isEmpty { throw scanner.problem("\"\(key)\" is not allowed to be empty") }
        return text
    }

    /// ISO 8601: a date, with or without a time, which is with or without an offset.
    private static func isDate(_ text: String) -> Bool {
        let shape = text.utf8.map { (0x30...0x39).contains($0) ? UInt8(ascii: "0") : $0 }
        guard shape.starts(with: "0000-00-00".utf8) else { return false }
        var rest = shape.dropFirst(10)
        guard !rest.isEmpty else { return true }
        guard rest.starts(with: "T00:00".utf8) else { return false }
        rest = rest.dropFirst(6)
        if rest.starts(with: ":00".utf8) {
            rest = rest.dropFirst(3)
            if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop { $0 == UInt8(ascii: "0") } }
        }
        return ["", "Z", "+00:00", "-00:00"].contains { rest.elementsEqual($0.utf8) }
    }
}
