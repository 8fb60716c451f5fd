internal import Clients
internal import Support

extension ValueFormat where Value == String {
    /// Any text that satisfies the check; `expectation` completes "must be".
    static func text(
        _ expectation: String, keepsSpace: Bool = false, where isRight: @escaping @Sendable (String) -> Bool
    ) -> ValueFormat {
        .text(expectation, keepsSpace: keepsSpace) { isRight($0) ? $0 : nil }
    }

    /// Text transformed by `parse`; `nil` means invalid.
    private static func text(
        _ expectation: String, keepsSpace: Bool = false, read: @escaping @Sendable (String) -> String?
    ) -> ValueFormat {
        .scalar("must be \(expectation)", keepsSpace: keepsSpace, render: { .string($0) }, parse: read)
    }

    private static func name(_ expectation: String, _ rule: KubernetesName, orEmpty mayBeEmpty: Bool = false)
        -> ValueFormat
    {
        .text("\(mayBeEmpty ? "empty, or " : "")\(expectation): \(rule.rule)") {
            mayBeEmpty && $0.isEmpty || rule.matches($0)
        }
    }

    /// Verbatim text without control characters.
    static var plain: ValueFormat {
        .text("a text without control characters", keepsSpace: true) { !$0.hasControlCharacters }
    }

    static func oneOf(_ words: String...) -> ValueFormat { .text(words.joined(separator: ", ")) { words.contains($0) } }

    static var path: ValueFormat { .text("the path of a file", keepsSpace: true) { !$0.isEmpty && !$0.contains("\0") } }

    /// The AMQP limit is 255 bytes; the suffixes of companion queues (`.parked`) must fit too.
    static func brokerName(_ what: String, upTo limit: Int) -> ValueFormat {
        .text(
            "the name of \(what), at most \(limit) bytes, without control characters, and not beginning with \"amq.\""
        ) { name in
            name.utf8.count <= limit && !name.hasPrefix("amq.") && !name.hasControlCharacters
        }
    }

    /// The path of the broker's URI, from which the vhost is derived.
    static var vhost: ValueFormat {
        let rule = "at most 255 bytes, written as in a URI: % only before two hexadecimal digits"
        let advice =
            "a slash within the name is %2F, a percent sign %25), no ? and no # (connection settings go into RABBITMQ_CONNECT_OPTIONS"
        return .text("a vhost, with or without a slash before it, \(rule) (\(advice))") { text in
            guard !text.contains(where: { $0 == "?" || $0 == "#" }) else { return nil }
            let name = String(text.hasPrefix("/") ? text.dropFirst() : text[...])
            guard let decoded = name.percentDecoded, decoded.utf8.count <= 255, !decoded.hasControlCharacters else {
                return nil
            }
            return decoded.isEmpty ? "/" : decoded
        }
    }

    static var podPrefix: ValueFormat {
        .text("empty, or at most 30 lower case letters, digits and -, the first not -: pods are named after it") {
            $0.wholeMatch(of: /([a-z0-9][a-z0-9-]{0,29})?/) != nil
        }
    }

    static var dnsLabel: ValueFormat { .name("a name of Kubernetes", .label) }

    static func dnsSubdomain(orEmpty mayBeEmpty: Bool = false) -> ValueFormat {
        .name("a name of Kubernetes", .subdomain, orEmpty: mayBeEmpty)
    }

    static var labelName: ValueFormat { .name("a label's name", .qualified) }

    static var image: ValueFormat {
        .text("an image's name without a tag (that is LAUNCH_VERSION)") {
            $0.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\/:-]*/) != nil
                && !($0.split(separator: "/").last ?? "").contains(":")
        }
    }

    static var imageWithTag: ValueFormat {
        .text("an image's name, perhaps with a tag or digest") {
            $0.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\/:@-]*/) != nil
        }
    }

    static var tag: ValueFormat {
        .text("an image's tag: letters, digits, '.', '_' and '-', at most 128") {
            $0.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[0-9a-f]{64})?/) != nil
        }
    }

    // MARK: Addresses

    static var serverAddress: ValueFormat {
        .text("host or host:port, perhaps with https:// or http:// before it; no path, no user, no password") { text in
            let address = text.hasSuffix("/") ? String(text.dropLast()) : text
            let scheme = ["https://", "http://"].first { address.hasPrefix($0) } ?? ""
            return Host.isAuthority(address.dropFirst(scheme.count)) ? address : nil
        }
    }

    /// An HTTP service's base URL. A trailing slash is removed: paths are appended.
    static var httpURL: ValueFormat {
        .text("an http:// or https:// address without user, password, ? and #") { Self.url($0, allowingQuery: false) }
    }

    /// Empty, or passed to the build unchanged.
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

    static var listenAddress: ValueFormat {
        .text("the address to listen on: a host name or an IP address") { Host.isName($0) }
    }
}

/// Empty means `nil`.
extension ValueFormat where Value == String? {
    static var optionalPath: ValueFormat {
        .scalar("must be the path of a file", keepsSpace: true, render: { $0.map(JSONValue.string) ?? .null }) {
            $0.contains("\0") ? nil : .some($0.isEmpty ? nil : $0)
        }
    }

    /// As ``ValueFormat/httpURL``.
    static var noneOrHTTPURL: ValueFormat {
        let expectation = "must be empty or an http:// or https:// address without user, password, ? and #"
        return .scalar(expectation, render: { $0.map(JSONValue.string) ?? .null }) { text in
            text.isEmpty ? .some(nil) : ValueFormat<String>.url(text, allowingQuery: false).map { $0 }
        }
    }
}

extension ValueFormat where Value == Secret {
    static var secret: ValueFormat {
        .scalar("must be one text", keepsSpace: true, render: { _ in "<redacted>" }) { Secret($0) }
    }
}

/// Empty means `nil`.
extension ValueFormat where Value == Secret? {
    private static func secret(_ expectation: String, where isRight: @escaping @Sendable (String) -> Bool)
        -> ValueFormat
    {
        .scalar(expectation, render: { $0 == nil ? .null : "<redacted>" }) { text in
            text.isEmpty ? .some(nil) : isRight(text) ? .some(Secret(text)) : nil
        }
    }

    /// Sent in an HTTP header, so it contains no white space.
    static var bearerToken: ValueFormat {
        .secret("must be a token: visible ASCII characters without spaces") {
            $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
    }

    /// May include user and password.
    static var proxy: ValueFormat {
        let user = "perhaps with user:password@ before the host (percent-encoded)"
        return .secret("must be empty or http://host:port or https://host:port of a proxy, \(user)") { text in
            // Other characters before the @ must be percent-encoded, or libcurl would parse the address differently.
            let user = /[A-Za-z0-9._~!$&'()*+,;=:-]|%[2-7][0-9A-Fa-f]/
            guard let match = text.wholeMatch(of: /https?:\/\/(?:([^@\/?#\s]*)@)?([^@\/?#\s]+)\/?/) else {
                return false
            }
            return Host.isAuthority(match.output.2) && (match.output.1 ?? "").replacing(user, with: "").isEmpty
        }
    }
}

extension ValueFormat where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    private static var words: String { Value.allCases.map(\.rawValue).joined(separator: ", ") }

    /// A raw value of the type, case-insensitive.
    static var word: ValueFormat {
        .scalar("must be one of \(Self.words)", render: { .string($0.rawValue) }) { Value(rawValue: $0.lowercased()) }
    }
}

extension ValueFormat where Value == ExecutorOptions.Plugin {
    static var plugin: ValueFormat {
        ValueFormat(
            .text,
            parse: { raw, _ throws(Mismatch) in
                guard case .text(let text) = raw else { throw Mismatch("must be one of \(Self.words)") }
                guard let plugin = Value(rawValue: text.trimmed) else {
                    let name = String(text.trimmed.prefix(40)).withoutUserinfo
                    throw Mismatch("executor \(name) is not supported: use one of \(Self.words)")
                }
                return plugin
            }, render: { .string($0.rawValue) })
    }
}

extension String {
    var hasControlCharacters: Bool { self.unicodeScalars.contains { $0.value < 0x20 } }
}
