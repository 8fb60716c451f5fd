internal import Foundation

/// Readings of plain text that several kinds share.
enum ValueText {
    static func boolean(_ text: String) -> Bool? {
        switch text.trimmed.lowercased() {
        case "on", "true", "yes", "y", "1": true
        case "off", "false", "no", "n", "0": false
        default: nil
        }
    }

    static func integer(_ text: String) -> Int? { text.wholeMatch(of: /-?[0-9]+/) == nil ? nil : Int(text) }

    /// Digits with a decimal point; no exponent, no `nan`.
    static func decimal(_ text: String) -> Double? {
        let text = text.trimmed
        return text.wholeMatch(of: /[0-9]+(\.[0-9]+)?|\.[0-9]+/) == nil ? nil : Double(text)
    }

    /// The whole text, and ASCII only.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        text.range(of: "^(?:\(pattern))$", options: .regularExpression) == text.startIndex..<text.endIndex
    }

    static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    /// `%41` becomes `A`; `nil` where the escapes are broken or what they make is not UTF-8.
    static func percentDecoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = self.hexDigit(rest.popFirst()), let low = self.hexDigit(rest.popFirst()) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8?) -> UInt8? {
        byte.flatMap { Character(Unicode.Scalar($0)).hexDigitValue }.map { UInt8($0) }
    }
}

extension String {
    /// Without white space at either end.
    var trimmed: String {
        guard let first = self.firstIndex(where: { !$0.isWhitespace }), let last = self.lastIndex(where: { !$0.isWhitespace }) else {
            return ""
        }
        return String(self[first...last])
    }

    var withoutTrailingSlashes: String {
        var text = self
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }
}
