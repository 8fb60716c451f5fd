/// What is wrong with a JSON text, and where.
struct JSONProblem: Error, CustomStringConvertible {
    var reason: String
    var offset: Int
    var description: String { "\(reason) at offset \(offset)" }
}

/// Walks over a JSON text once, checking its syntax and materialising only what its caller asks for.
///
/// A posted pod has some 4 kB of which a few names matter; everything else is kept as the bytes that
/// were posted. A full parse of every pod would cost more than all other work of the simulator.
struct JSONScanner {
    let bytes: [UInt8]
    private(set) var position = 0
    private var depth = 0

    /// Deeper documents are refused, so that a hostile one cannot exhaust the stack.
    private static let maximumDepth = 256

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next byte that is not white space, without consuming it; nil at the end.
    mutating func peek() -> UInt8? {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return bytes[position]
            }
        }
        return nil
    }

    /// Checks that nothing but white space follows.
    mutating func end() throws(JSONProblem) {
        if peek() != nil { throw problem("unexpected text after the value") }
    }

    /// Calls `member` for each member of the object that comes next; `member` must consume the value.
    mutating func object(
        _ member: (inout JSONScanner, String) throws(JSONProblem) -> Void
    ) throws(JSONProblem) {
        try open(UInt8(ascii: "{"), "object")
        if peek() == UInt8(ascii: "}") { return close() }
        while true {
            let key = try string()
            try expect(UInt8(ascii: ":"), "':'")
            try member(&self, key)
            if try isLast(closing: UInt8(ascii: "}")) { return close() }
        }
    }

    /// Calls `element` for each element of the array that comes next; `element` must consume it.
    mutating func array(_ element: (inout JSONScanner) throws(JSONProblem) -> Void) throws(JSONProblem) {
        try open(UInt8(ascii: "["), "array")
        if peek() == UInt8(ascii: "]") { return close() }
        while true {
            try element(&self)
            if try isLast(closing: UInt8(ascii: "]")) { return close() }
        }
    }

    /// The text of the string that comes next.
    mutating func string() throws(JSONProblem) -> String {
        let (range, hasEscapes) = try stringRange()
        guard hasEscapes else { return String(decoding: bytes[range], as: UTF8.self) }
        return try unescaped(range)
    }

    /// The text of the value that comes next when it is a string; other values are skipped.
    mutating func stringOrSkip() throws(JSONProblem) -> String? {
        if peek() == UInt8(ascii: "\"") { return try string() }
        _ = try skip()
        return nil
    }

    /// Skips any value and returns where it stood.
    @discardableResult
    mutating func skip() throws(JSONProblem) -> Range<Int> {
        guard let first = peek() else { throw problem("unexpected end of JSON input") }
        let start = position
        switch first {
        case UInt8(ascii: "\""):
            _ = try stringRange()
        case UInt8(ascii: "{"):
            try open(first, "object")
            if peek() == UInt8(ascii: "}") {
                close()
                break
            }
            repeat {
                _ = try stringRange()
                try expect(UInt8(ascii: ":"), "':'")
                try skip()
            } while try !isLast(closing: UInt8(ascii: "}"))
            close()
        case UInt8(ascii: "["):
            try array { scanner throws(JSONProblem) in _ = try scanner.skip() }
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: try number()
        }
        return start..<position
    }

    func problem(_ reason: String) -> JSONProblem { JSONProblem(reason: reason, offset: position) }

    // MARK: Pieces

    private mutating func open(_ byte: UInt8, _ what: String) throws(JSONProblem) {
        guard peek() == byte else { throw problem("expected an \(what)") }
        guard depth < Self.maximumDepth else { throw problem("nested too deeply") }
        position += 1
        depth += 1
    }

    private mutating func close() {
        position += 1
        depth -= 1
    }

    /// Consumes a comma (false), or stands before the closing bracket (true).
    private mutating func isLast(closing: UInt8) throws(JSONProblem) -> Bool {
        switch peek() {
        case closing: return true
        case UInt8(ascii: ","):
            position += 1
            return false
        default: throw problem("expected ',' or a closing bracket")
        }
    }

    private mutating func expect(_ byte: UInt8, _ what: String) throws(JSONProblem) {
        guard peek() == byte else { throw problem("expected \(what)") }
        position += 1
    }

    private mutating func literal(_ text: StaticString) throws(JSONProblem) {
        let end = position + text.utf8CodeUnitCount
        let matches = text.withUTF8Buffer { end <= bytes.count && bytes[position..<end].elementsEqual($0) }
        guard matches else { throw problem("invalid literal") }
        position = end
    }

    private mutating func number() throws(JSONProblem) {
        func isDigit(_ index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        guard isDigit(position) else { throw problem("invalid character") }
        while isDigit(position) { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard isDigit(position) else { throw problem("invalid number") }
            while isDigit(position) { position += 1 }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == 0x2B || bytes[position] == 0x2D { position += 1 }
            guard isDigit(position) else { throw problem("invalid number") }
            while isDigit(position) { position += 1 }
        }
    }

    /// Where the content of the string that comes next stands, without its quotes.
    private mutating func stringRange() throws(JSONProblem) -> (Range<Int>, hasEscapes: Bool) {
        guard peek() == UInt8(ascii: "\"") else { throw problem("expected a string") }
        // A local index: this loop sees most bytes of every posted pod.
        let start = position + 1
        var index = start
        var hasEscapes = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                position = index + 1
                return (start..<index, hasEscapes)
            }
            if byte < 0x20 { throw problem("control character in a string") }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index += 1
            }
            index += 1
        }
        position = bytes.count
        throw problem("unexpected end of JSON input")
    }

    private func unescaped(_ range: Range<Int>) throws(JSONProblem) -> String {
        var units: [UInt16] = []
        var plain = range.lowerBound
        var text = ""
        func flush(upTo end: Int) {
            if !units.isEmpty { text += String(decoding: units, as: UTF16.self) }
            units.removeAll()
            text += String(decoding: bytes[plain..<end], as: UTF8.self)
        }
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            if plain < index { flush(upTo: index) }
            switch bytes[index + 1] {
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(UInt16(bytes[index + 1]))
            case UInt8(ascii: "u"):
                let digits = bytes[min(index + 2, range.upperBound)..<min(index + 6, range.upperBound)]
                guard digits.count == 4, let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) else {
                    throw problem("invalid \\u escape")
                }
                units.append(unit)
                index += 4
            default: throw problem("invalid escape")
            }
            index += 2
            plain = index
        }
        flush(upTo: range.upperBound)
        return text
    }
}
