/// Why a text is not JSON, and where.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    package let problem: String
    /// Byte offset, from 0.
    package let offset: Int

    /// Safe to log: contains none of the input.
    package var description: String { "not valid JSON at byte \(self.offset): \(self.problem)" }
}

extension JSONValue {
    /// Maximum nesting of arrays and objects. Deeper input is rejected before it can exhaust the stack.
    package static let maximumDepth = 128

    /// Parses one UTF-8 JSON value per RFC 8259, with optional surrounding white space.
    ///
    /// - Parameter passedOver: names of members to skip at any depth: they become null, at little cost.
    package init(parsing text: some Collection<UInt8>, passingOver passedOver: Set<String> = []) throws(JSONError) {
        let parsed: Result<JSONValue, JSONError>? = text.withContiguousStorageIfAvailable { Self.parse($0, passedOver) }
        self = try (parsed ?? Array(text).withUnsafeBufferPointer { Self.parse($0, passedOver) }).get()
    }

    package init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>, _ passedOver: Set<String>) -> Result<
        JSONValue, JSONError
    > {
        var parser = JSONParser(bytes: bytes, passedOver: passedOver)
        do { return .success(try parser.document()) } catch { return .failure(error) }
    }
}

/// A recursive descent parser over bytes. Lives only within one call of ``JSONValue/init(parsing:)``.
private struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let passedOver: Set<String>
    var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>, passedOver: Set<String>) {
        (self.bytes, self.passedOver) = (bytes, passedOver)
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try self.value(depth: 0)
        self.skipWhiteSpace()
        guard self.position == self.bytes.count else { throw self.error("more text after the value") }
        return value
    }

    private func error(_ problem: String) -> JSONError { JSONError(problem: problem, offset: self.position) }

    private var next: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private mutating func skipWhiteSpace() {
        while let byte = self.next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { self.position += 1 }
    }

    private mutating func expect(_ literal: StaticString, as value: JSONValue) throws(JSONError) -> JSONValue {
        let count = literal.utf8CodeUnitCount
        guard self.position + count <= self.bytes.count else { throw self.error("unfinished literal") }
        for index in 0..<count where self.bytes[self.position + index] != literal.utf8Start[index] {
            throw self.error("unknown literal")
        }
        self.position += count
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        self.skipWhiteSpace()
        switch self.next {
        case nil: throw self.error("the text ends where a value should be")
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard depth < JSONValue.maximumDepth else {
                throw self.error("nested deeper than \(JSONValue.maximumDepth) levels")
            }
            return self.next == UInt8(ascii: "{") ? try self.object(depth: depth) : try self.array(depth: depth)
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.expect("true", as: .bool(true))
        case UInt8(ascii: "f"): return try self.expect("false", as: .bool(false))
        case UInt8(ascii: "n"): return try self.expect("null", as: .null)
        default: return .number(try self.number())
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard self.next == UInt8(ascii: character) else { return false }
        self.position += 1
        return true
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        self.position += 1
        var members: [JSONValue.Member] = []
        self.skipWhiteSpace()
        if self.take("}") { return .object(members) }
        while true {
            self.skipWhiteSpace()
            guard self.next == UInt8(ascii: "\"") else { throw self.error("a member name should stand here") }
            let name = try self.string()
            self.skipWhiteSpace()
            guard self.take(":") else { throw self.error("':' should stand here") }
            if !self.passedOver.isEmpty, self.passedOver.contains(name) {
                try self.passOver(depth: depth + 1)
                members.append(JSONValue.Member(name, .null))
            } else {
                members.append(JSONValue.Member(name, try self.value(depth: depth + 1)))
            }
            self.skipWhiteSpace()
            if self.take("}") { return .object(members) }
            guard self.take(",") else { throw self.error("',' or '}' should stand here") }
        }
    }

    /// Skips a value: of arrays and objects only brackets and strings are checked.
    private mutating func passOver(depth: Int) throws(JSONError) {
        self.skipWhiteSpace()
        guard self.next == UInt8(ascii: "{") || self.next == UInt8(ascii: "[") else {
            _ = try self.value(depth: depth)
            return
        }
        var open = 0
        repeat {
            switch self.next {
            case nil: throw self.error("the text ends where a value should be")
            case UInt8(ascii: "{"), UInt8(ascii: "["): open += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): open -= 1
            case UInt8(ascii: "\""):
                self.position += 1
                while let byte = self.next, byte != UInt8(ascii: "\"") {
                    self.position += byte == UInt8(ascii: "\\") ? 2 : 1
                }
            case _: break
            }
            self.position += 1
        } while open > 0
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        self.position += 1
        var elements: [JSONValue] = []
        self.skipWhiteSpace()
        if self.take("]") { return .array(elements) }
        while true {
            elements.append(try self.value(depth: depth + 1))
            self.skipWhiteSpace()
            if self.take("]") { return .array(elements) }
            guard self.take(",") else { throw self.error("',' or ']' should stand here") }
        }
    }

    private mutating func number() throws(JSONError) -> String {
        let start = self.position
        _ = self.take("-")
        guard let first = self.next, Self.isDigit(first) else { throw self.error("a value should stand here") }
        self.position += 1
        if first != UInt8(ascii: "0") { self.skipDigits() }
        if self.take("."), self.skipDigits() == 0 { throw self.error("a digit should follow the decimal point") }
        if self.take("e") || self.take("E") {
            _ = self.take("+") || self.take("-")
            guard self.skipDigits() > 0 else { throw self.error("a digit should follow the exponent") }
        }
        return String(decoding: self.bytes[start..<self.position], as: UTF8.self)
    }

    @discardableResult
    private mutating func skipDigits() -> Int {
        let start = self.position
        while let byte = self.next, Self.isDigit(byte) { self.position += 1 }
        return self.position - start
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private mutating func string() throws(JSONError) -> String {
        self.position += 1
        let start = self.position
        // Fast path: most strings have no escapes, so find the end and copy once.
        while let byte = self.next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
            self.position += 1
        }
        guard self.next == UInt8(ascii: "\"") else { return try self.escapedString(from: start) }
        let text = try self.text(start..<self.position)
        self.position += 1
        return text
    }

    private func text(_ range: Range<Int>) throws(JSONError) -> String {
        guard let text = String(validating: self.bytes[range], as: UTF8.self) else {
            throw self.error("a string is not valid UTF-8")
        }
        return text
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var result = try self.text(start..<self.position)
        while true {
            guard let byte = self.next else { throw self.error("the text ends inside a string") }
            switch byte {
            case UInt8(ascii: "\""):
                self.position += 1
                return result
            case UInt8(ascii: "\\"):
                self.position += 1
                result.unicodeScalars.append(try self.escape())
            case 0..<0x20:
                throw self.error("a control character stands in a string")
            default:
                let from = self.position
                while let byte = self.next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
                    self.position += 1
                }
                result += try self.text(from..<self.position)
            }
        }
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard let byte = self.next else { throw self.error("the text ends inside an escape") }
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try self.codeUnit()
            guard unit & 0xF800 == 0xD800 else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
            // A high surrogate must be followed by a low one; a lone surrogate has no UTF-8 encoding.
            guard unit < 0xDC00, self.next == UInt8(ascii: "\\"), self.position + 1 < self.bytes.count,
                self.bytes[self.position + 1] == UInt8(ascii: "u")
            else { return "\u{FFFD}" }
            let mark = self.position
            self.position += 2
            let low = try self.codeUnit()
            guard low & 0xFC00 == 0xDC00 else {
                self.position = mark
                return "\u{FFFD}"
            }
            return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
        default: throw self.error("unknown escape")
        }
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        guard self.position + 4 <= self.bytes.count else {
            throw self.error("four hexadecimal digits should stand here")
        }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(self.bytes[self.position])).hexDigitValue else {
                throw self.error("four hexadecimal digits should stand here")
            }
            unit = unit << 4 | UInt32(digit)
            self.position += 1
        }
        return unit
    }
}
