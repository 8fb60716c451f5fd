import NIOCore

/// A fault rule as it is posted to the control port.
struct FaultSpecification {
    let listener: ListenerName
    let method: String?
    /// Searched for anywhere in the path with its query, as sent.
    let path: Regex<AnyRegexOutput>?
    /// The id in the path of the build API, or the value of the label `sdbuild`.
    let build: String?
    /// nil: unlimited.
    let times: Int?
    let skip: Int
    let probability: Double?
    let seed: UInt64
    let action: FaultAction

    /// Reads a rule. Members that do not exist are refused, since a rule with a typing error would
    /// silently match too much.
    init(_ bytes: [UInt8]) throws(JSONProblem) {
        var listener: ListenerName?
        var method: String?
        var path: Regex<AnyRegexOutput>?
        var build: String?
        var times: Int?
        var skip = 0
        var probability: Double?
        var seed: UInt64 = 1
        var action: FaultAction?
        var scanner = JSONScanner(bytes)
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "listener":
                listener = ListenerName(rawValue: try scanner.string())
                if listener == .control { listener = nil }
            case "method": method = try scanner.string().uppercased()
            case "path":
                let pattern = try scanner.string()
                do {
                    path = try Regex(pattern)
                } catch {
                    throw scanner.problem("\"path\" is not a regular expression: \(error)")
                }
            case "build": build = try scanner.stringOrNumber()
            case "times": times = try scanner.number("times", in: 0...Int.max)
            case "skip": skip = try scanner.number("skip", in: 0...Int.max)
            case "probability": probability = try scanner.number("probability", in: 0...1)
            case "seed": seed = try scanner.number("seed", in: 0...UInt64.max)
            case "action": action = try Self.action(&scanner)
            default: throw scanner.problem("unknown member \"\(key)\"")
            }
        }
        try scanner.end()
        guard let listener else { throw scanner.problem("\"listener\" must be \"kubernetes\" or \"api\"") }
        guard let action else { throw scanner.problem("\"action\" is missing") }
        self.listener = listener
        self.method = method
        self.path = path
        self.build = build
        self.times = times
        self.skip = skip
        self.probability = probability
        self.seed = seed
        self.action = action
    }

    private static func action(_ scanner: inout JSONScanner) throws(JSONProblem) -> FaultAction {
        var status: Int?
        var body: ByteBuffer?
        var isAfter = false
        var seconds: Double?
        var action: FaultAction?
        var hang: FaultAction.Moment?
        var raw: RawAnswer.Kind?
        var position: Int?
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "status": status = try scanner.number("status", in: 200...599)
            case "body":
                let range = try scanner.skip()
                body = ByteBuffer(bytes: scanner.bytes[range])
            case "after": isAfter = try scanner.boolean()
            case "reset": action = .reset(try moment(&scanner))
            case "hang": hang = try moment(&scanner)
            case "seconds": seconds = try scanner.number("seconds", in: 0...1_000_000)
            case "delayMs": action = .delay(.milliseconds(try scanner.number("delayMs", in: 0...1_000_000_000)))
            case "hold": action = try scanner.boolean() ? .hold : nil
            case "redirect": action = .redirect(try scanner.headerValue())
            case "truncate": action = try scanner.boolean() ? .truncate : nil
            case "raw":
                raw = RawAnswer.Kind(rawValue: try scanner.string())
                if raw == nil {
                    throw scanner.problem(
                        "\"raw\" must be one of \(RawAnswer.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
                }
            case "at": position = try scanner.number("at", in: 0...Int.max)
            default: throw scanner.problem("unknown action \"\(key)\"")
            }
        }
        if let status { action = .status(status, body: body, isAfter ? .after : .before) }
        if let hang { action = .hang(hang, seconds.map { .nanoseconds(Int64($0 * 1_000_000_000)) }) }
        if let raw {
            action = .raw(RawAnswer(kind: raw, position: position), raw.isLegal || isAfter ? .after : .before)
        }
        guard let action else {
            throw scanner.problem("\"action\" needs one of status, reset, hang, hold, delayMs, redirect, truncate, raw")
        }
        return action
    }

    private static func moment(_ scanner: inout JSONScanner) throws(JSONProblem) -> FaultAction.Moment {
        guard let moment = FaultAction.Moment(rawValue: try scanner.string()) else {
            throw scanner.problem("expected \"before\" or \"after\"")
        }
        return moment
    }
}
