/// Reading checked values, for the small documents of the control port.
extension JSONScanner {
    /// A number within limits.
    mutating func number<Number: LosslessStringConvertible & Comparable>(
        _ name: String, in limits: ClosedRange<Number>
    ) throws(JSONProblem) -> Number {
        let range = try skip()
        guard let number = Number(String(decoding: bytes[range], as: UTF8.self)), limits.contains(number) else {
            throw problem("\"\(name)\" must be a number from \(limits.lowerBound) to \(limits.upperBound)")
        }
        return number
    }

    mutating func boolean() throws(JSONProblem) -> Bool {
        let range = try skip()
        switch String(decoding: bytes[range], as: UTF8.self) {
        case "true": return true
        case "false": return false
        default: throw problem("expected true or false")
        }
    }

    /// Ids may be written either way.
    mutating func stringOrNumber() throws(JSONProblem) -> String {
        if peek() == UInt8(ascii: "\"") { return try string() }
        return String(try number("number", in: 0...Int.max))
    }

    /// A string without control characters, fit for an HTTP header.
    mutating func headerValue() throws(JSONProblem) -> String {
        let text = try string()
        guard text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { throw problem("not fit for a header") }
        return text
    }
}
