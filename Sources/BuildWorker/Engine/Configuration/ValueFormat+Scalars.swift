internal import Support

extension ValueFormat where Value == Bool {
    static var boolean: ValueFormat {
        .scalar("must be on, true, yes, y or 1, or off, false, no, n or 0", render: { .bool($0) }) { text in
            switch text.lowercased() {
            case "on", "true", "yes", "y", "1": true
            case "off", "false", "no", "n", "0": false
            default: nil
            }
        }
    }
}

extension ValueFormat where Value == Int {
    static func integer(_ range: ClosedRange<Int>, unit: String? = nil) -> ValueFormat {
        ValueFormat(
            .text, unit: unit,
            parse: { raw, _ throws(Mismatch) in
                guard case .text(let text) = raw, let value = Int(text.trimmed), range.contains(value) else {
                    throw Mismatch(
                        "must be a whole number from \(range.lowerBound) to \(range.upperBound)\(raw.hintAtServiceLink)"
                    )
                }
                return value
            }, render: { .number(String($0)) })
    }
}

extension RawValue {
    /// Kubernetes sets `RABBITMQ_PORT=tcp://10.0.0.7:5672` for a Service named `rabbitmq` in the namespace.
    fileprivate var hintAtServiceLink: String {
        guard case .text(let text) = self, text.hasPrefix("tcp://") else { return "" }
        let remedy = "say `enableServiceLinks: false` in the worker's pod, or set the variable"
        return ". Kubernetes sets this variable for a Service of that name: \(remedy)"
    }
}

extension ValueFormat where Value == Double {
    /// Greater than 0, fractions allowed.
    static func positive(upTo limit: Double, unit: String? = nil) -> ValueFormat {
        let expectation = "must be a number greater than 0 and at most \(limit.plainText)"
        return .scalar(expectation, unit: unit, render: { .number($0.plainText) }) { text in
            Double(decimal: text).flatMap { $0 > 0 && $0 <= limit ? $0 : nil }
        }
    }
}

extension ValueFormat where Value == Duration {
    /// The raw value is in milliseconds.
    enum Unit: Double {
        case milliseconds = 1
        case seconds = 1000
        case minutes = 60_000

        var sign: String {
            switch self {
            case .milliseconds: "ms"
            case .seconds: "s"
            case .minutes: "min"
            }
        }
    }

    /// A number in `unit`, fractions allowed, rounded to milliseconds. 0 is invalid unless `zero` is allowed.
    static func duration(_ unit: Unit, upTo limit: Double, zero isZeroAllowed: Bool = false) -> ValueFormat {
        let range = "\(isZeroAllowed ? "from 0 to" : "greater than 0 and at most") \(limit.plainText)"
        let render = { @Sendable (duration: Duration) in JSONValue.number(duration.count(of: unit).plainText) }
        return .scalar("must be a number of \(unit) \(range)", unit: unit.sign, render: render) { text in
            guard let count = Double(decimal: text), count >= 0, count <= limit else { return nil }
            let milliseconds = Int64((count * unit.rawValue).rounded())
            return milliseconds > 0 || isZeroAllowed ? .milliseconds(milliseconds) : nil
        }
    }
}

extension Duration {
    func count(of unit: ValueFormat<Duration>.Unit) -> Double {
        let (seconds, attoseconds) = self.components
        return (Double(seconds) * 1000 + Double(attoseconds) / 1e15) / unit.rawValue
    }
}

extension Double {
    /// Accepts digits with an optional fraction only.
    init?(decimal text: String) {
        guard text.wholeMatch(of: /[+-]?[0-9]+(\.[0-9]+)?|[+-]?\.[0-9]+/) != nil else { return nil }
        self.init(text)
    }
}
