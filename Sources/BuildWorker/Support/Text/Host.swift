/// Syntax checks for hosts in URLs. Not generic: other modules call them for each message, where generic code is not specialized.
package enum Host {
    /// A name or an IP address; an IPv6 address without brackets.
    package static func isName(_ text: Substring) -> Bool {
        if let first = text.utf8.first, first.isAlphanumeric || first == UInt8(ascii: "_"), text.utf8.count <= 253,
            text.utf8.allSatisfy({ $0.isAlphanumeric || "._-".utf8.contains($0) })
        {
            return true
        }
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.utf8.count(where: { $0 == UInt8(ascii: ":") }) > 1, Self.isIPv6(parts[0]) else { return false }
        return parts.count == 1 || !parts[1].isEmpty && parts[1].utf8.allSatisfy(\.isAlphanumeric)
    }

    /// `host`, `host:port`, `[IPv6]` or `[IPv6]:port`. Checked for every build, so without a slow regular expression.
    package static func isAuthority(_ text: Substring) -> Bool {
        var rest = text
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]"), Self.isIPv6(rest[rest.index(after: rest.startIndex)..<end]) else {
                return false
            }
            rest = rest[rest.index(after: end)...]
        } else {
            let host = rest.prefix { $0 != ":" }
            guard Self.isName(host) else { return false }
            rest = rest[host.endIndex...]
        }
        guard !rest.isEmpty else { return true }
        let port = rest.dropFirst()
        let isNumber = port.utf8.count <= 5 && port.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        return rest.first == ":" && isNumber && (1...65535).contains(Int(port) ?? 0)
    }

    package static func isName(_ text: String) -> Bool { self.isName(text[...]) }
    package static func isAuthority(_ text: String) -> Bool { self.isAuthority(text[...]) }

    private static func isIPv6(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { "0123456789abcdefABCDEF:.".utf8.contains($0) }
    }
}

extension UInt8 {
    package var isAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
