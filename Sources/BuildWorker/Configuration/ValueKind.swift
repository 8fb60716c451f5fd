/// How a value is written and what it becomes.
///
/// A variable gives text; a file gives what YAML has. Both arrive here.
struct ValueKind<Value>: Sendable {
    let read: @Sendable (JSONValue) throws(Mismatch) -> Value

    init(_ read: @escaping @Sendable (JSONValue) throws(Mismatch) -> Value) { self.read = read }

    /// A kind made from text.
    init(_ expectation: String, text: @escaping @Sendable (String) -> Value?) {
        self.init { (value: JSONValue) throws(Mismatch) -> Value in
            guard let written = value.scalarText, let result = text(written) else { throw Mismatch("\(expectation) would be right") }
            return result
        }
    }

    /// The same for a property that may be absent.
    var optional: ValueKind<Value?> {
        let read = self.read
        return ValueKind<Value?> { (value: JSONValue) throws(Mismatch) -> Value? in try read(value) }
    }
}

extension ValueKind where Value == Bool {
    static var boolean: Self {
        Self("one of on, true, yes, y, 1 or off, false, no, n, 0") { ValueText.boolean($0) }
    }
}

extension ValueKind where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self { (value: JSONValue) throws(Mismatch) -> Int in
            let text = value.scalarText?.trimmed ?? ""
            if let number = ValueText.integer(text), range.contains(number) { return number }
            // Kubernetes sets NAME_PORT for a Service called NAME; it has done so to RABBITMQ_PORT.
            let hint =
                text.hasPrefix("tcp://")
                ? " (Kubernetes sets this variable for a Service of that name: set enableServiceLinks to false in the pod)" : ""
            throw Mismatch("a whole number from \(range.lowerBound) to \(range.upperBound) would be right\(hint)")
        }
    }
}

extension ValueKind where Value == Double {
    /// More than 0; decimals allowed.
    static func positive(upTo limit: Int, _ unit: String) -> Self {
        Self("a number of \(unit) above 0 and up to \(limit)") { text in
            ValueText.decimal(text).flatMap { $0 > 0 && $0 <= Double(limit) ? $0 : nil }
        }
    }
}

extension ValueKind where Value == Duration {
    static func milliseconds(_ range: ClosedRange<Int>) -> Self {
        Self("a whole number of milliseconds from \(range.lowerBound) to \(range.upperBound)") { text in
            ValueText.integer(text.trimmed).flatMap { range.contains($0) ? .milliseconds($0) : nil }
        }
    }

    static func minutes(upTo limit: Int) -> Self { Self.decimal("minutes", milliseconds: 60_000, upTo: limit) }
    static func seconds(upTo limit: Int) -> Self { Self.decimal("seconds", milliseconds: 1000, upTo: limit) }

    /// Rounded to milliseconds, which is what the broker counts in.
    private static func decimal(_ unit: String, milliseconds: Double, upTo limit: Int) -> Self {
        Self("a number of \(unit) above 0 and up to \(limit), decimals allowed,") { text in
            guard let number = ValueText.decimal(text), number > 0, number <= Double(limit) else { return nil }
            let rounded = Int((number * milliseconds).rounded())
            return rounded > 0 ? .milliseconds(rounded) : nil
        }
    }
}
