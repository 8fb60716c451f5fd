extension Double {
    /// Whole numbers without a decimal point, others with as many digits as needed: `5`, `0.25`.
    package var plainText: String {
        self.rounded() == self && self.magnitude < 9_007_199_254_740_992 ? String(Int(self)) : "\(self)"
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    package func hexadecimal(digits: Int) -> String {
        let text = String(self, radix: 16)
        return String(repeating: "0", count: Swift.max(0, digits - text.count)) + text
    }
}

extension Duration {
    /// "30 minutes" or "45 seconds"; seconds are rounded up.
    package var formatted: String {
        let seconds = self.components.seconds + (self.components.attoseconds > 0 ? 1 : 0)
        let (count, unit) = seconds >= 60 && seconds % 60 == 0 ? (seconds / 60, "minute") : (seconds, "second")
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }
}

extension String {
    /// Percent-encoded, except for RFC 3986's unreserved characters.
    package var percentEncoded: String {
        self.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}
