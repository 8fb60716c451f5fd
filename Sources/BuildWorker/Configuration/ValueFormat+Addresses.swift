extension ValueFormat where Value == [String] {
    /// Of the broker's nodes.
    static var hosts: ValueFormat { .hosts(orNone: false, port: "use RABBITMQ_PORT, which holds for all hosts") }

    /// By which the worker may be asked, or none.
    static var hostNames: ValueFormat { .hosts(orNone: true, port: "it is good for any") }

    /// Host names with commas between them; in a file also a list.
    /// - Parameter port: what to do instead of writing one.
    private static func hosts(orNone: Bool, port: String) -> ValueFormat {
        ValueFormat(
            .list,
            parse: { raw, _ throws(Mismatch) in
                let hosts: [String] =
                    switch raw {
                    case .text("") where orNone: []
                    case .text(let text): text.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
                    case .document(let document): document.array?.map { $0.string ?? "" } ?? [""]
                    }
                var wrong: [String] = []
                for (index, host) in hosts.enumerated() where !Host.isName(host) {
                    let place = hosts.count > 1 ? "host \(index + 1) " : ""
                    if host.contains("://") || host.contains("@") {
                        wrong.append("\(place)must be a host name alone: protocol, user and password have variables of their own")
                    } else if host.wholeMatch(of: /[^:]+:[0-9]+|\[.*\]:[0-9]+/) != nil {
                        wrong.append("\(place)must not have a port: \(port)")
                    } else {
                        wrong.append("\(place)must be a host name or an IP address, several with commas between them")
                    }
                }
                guard wrong.isEmpty else { throw Mismatch(all: wrong) }
                return hosts
            }, render: { .string($0.joined(separator: ",")) })
    }

    /// Host names, IP addresses and `*.` before a domain, with commas between them or as a list. Nothing is none.
    static var hostPatterns: ValueFormat {
        ValueFormat(
            .list,
            parse: { raw, _ throws(Mismatch) in
                let expectation = "must be host names, IP addresses or *.example.com, with commas between them or as a JSON array; no scheme, no port"
                let hosts: [String]
                if case .text(let text) = raw, !text.trimmed.hasPrefix("[") {
                    hosts = text.trimmed.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
                } else {
                    hosts = try raw.strings(expectation)
                }
                guard hosts.allSatisfy({ Host.isName($0.hasPrefix("*.") ? $0.dropFirst(2) : $0[...]) }) else { throw Mismatch(expectation) }
                return hosts
            }, render: { .string($0.joined(separator: ",")) })
    }
}

extension ValueFormat where Value == String {
    /// Of the Kubernetes API server.
    static var serverAddress: ValueFormat {
        .scalar(
            "must be host or host:port, perhaps with https:// or http:// before it; no path, no user, no password", render: { .string($0) },
            parse: { text in
                let address = text.hasSuffix("/") ? String(text.dropLast()) : text
                let authority = address.hasPrefix("https://") ? address.dropFirst(8) : address.hasPrefix("http://") ? address.dropFirst(7) : address[...]
                return Host.isAuthority(authority) ? address : nil
            })
    }

    /// Of an HTTP service. The slash at the end is taken off: paths are put behind it.
    static var httpURL: ValueFormat {
        .scalar("must be an http:// or https:// address without user, password, ? and #", render: { .string($0) }) { Self.url($0, allowingQuery: false) }
    }

    /// Empty, or passed on to the build as it is.
    static var optionalHTTPURL: ValueFormat {
        .scalar("must be empty or an http:// or https:// address", render: { .string($0.withoutUserinfo) }) {
            $0.isEmpty ? "" : Self.url($0, allowingQuery: true)
        }
    }

    fileprivate static func url(_ text: String, allowingQuery: Bool) -> String? {
        guard let match = text.wholeMatch(of: /https?:\/\/([^\/?#\s]+)(\/[^?#\s]*)?([?#]\S*)?/) else { return nil }
        var authority = match.output.1
        if allowingQuery, let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        guard Host.isAuthority(authority), allowingQuery || match.output.3 == nil else { return nil }
        var url = text[...]
        while match.output.3 == nil, url.hasSuffix("/") { url.removeLast() }
        return String(url)
    }

    static var listenAddress: ValueFormat { .text("the address to listen on: a host name or an IP address") { Host.isName($0) } }
}

extension ValueFormat where Value == String? {
    /// As ``ValueFormat/httpURL``; empty is `nil`.
    static var noneOrHTTPURL: ValueFormat {
        .scalar("must be empty or an http:// or https:// address without user, password, ? and #", render: { $0.map(JSONValue.string) ?? .null }) { text in
            text.isEmpty ? .some(nil) : ValueFormat<String>.url(text, allowingQuery: false).map { $0 }
        }
    }
}

/// What may stand for a host in an address.
enum Host {
    /// A name or an IP address; an IPv6 address without brackets.
    static func isName(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        if let first = bytes.first, Self.isAlphanumeric(first) || first == UInt8(ascii: "_"), bytes.count <= 253,
            bytes.allSatisfy({ Self.isAlphanumeric($0) || "._-".utf8.contains($0) })
        {
            return true
        }
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard bytes.count(where: { $0 == UInt8(ascii: ":") }) > 1, Self.isIPv6(parts[0]) else { return false }
        return parts.count == 1 || !parts[1].isEmpty && parts[1].utf8.allSatisfy(Self.isAlphanumeric)
    }

    /// `host`, `host:port`, `[IPv6]` or `[IPv6]:port`. Looked at for every build: a regular expression takes longer than the rest of its message.
    static func isAuthority(_ text: some StringProtocol) -> Bool {
        var rest = text[...]
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]"), Self.isIPv6(rest[rest.index(after: rest.startIndex)..<end]) else { return false }
            rest = rest[rest.index(after: end)...]
        } else {
            let host = rest.prefix { $0 != ":" }
            guard Self.isName(host) else { return false }
            rest = rest[host.endIndex...]
        }
        guard !rest.isEmpty else { return true }
        let port = rest.dropFirst()
        return rest.first == ":" && port.utf8.count <= 5 && port.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && (1...65535).contains(Int(port) ?? 0)
    }

    private static func isIPv6(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: false
        }
    }
}

extension String {
    /// `nil` where a percent sign has no two hexadecimal digits behind it, or the bytes are no UTF-8.
    var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = self.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Self.hexValue), let low = rest.popFirst().flatMap(Self.hexValue) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
