extension ValueFormat where Value == String {
    /// Any text that passes; `expectation` completes "must be".
    static func text(_ expectation: String, keepsSpace: Bool = false, where isRight: @escaping @Sendable (String) -> Bool) -> ValueFormat {
        .scalar("must be \(expectation)", keepsSpace: keepsSpace, render: { .string($0) }) { isRight($0) ? $0 : nil }
    }

    /// As it stands, but without control characters.
    static var plain: ValueFormat { .text("a text without control characters", keepsSpace: true) { !$0.unicodeScalars.contains { $0.value < 0x20 } } }

    static func oneOf(_ words: String...) -> ValueFormat { .text(words.joined(separator: ", ")) { words.contains($0) } }

    static var path: ValueFormat { .text("the path of a file", keepsSpace: true) { !$0.isEmpty && !$0.contains("\0") } }

    /// AMQP takes 255 bytes; what we add to a queue's name for its companions (`.parked`) must fit too.
    static func brokerName(_ what: String, upTo limit: Int) -> ValueFormat {
        .text("the name of \(what), at most \(limit) bytes, without control characters, and not beginning with \"amq.\"") { name in
            name.utf8.count <= limit && !name.hasPrefix("amq.") && !name.unicodeScalars.contains { $0.value < 0x20 }
        }
    }

    /// The path of the broker's URI, from which the vhost's name follows.
    static var vhost: ValueFormat {
        .scalar(
            "must be a vhost, with or without a slash before it, at most 255 bytes, written as in a URI: % only before two hexadecimal digits"
                + " (a slash within the name is %2F, a percent sign %25), no ? and no # (connection settings go into RABBITMQ_CONNECT_OPTIONS)",
            render: { .string($0) },
            parse: { text in
                guard !text.contains(where: { $0 == "?" || $0 == "#" }) else { return nil }
                let name = String(text.hasPrefix("/") ? text.dropFirst() : text[...])
                guard let decoded = name.percentDecoded, decoded.utf8.count <= 255,
                    !decoded.unicodeScalars.contains(where: { $0.value < 0x20 })
                else { return nil }
                return decoded.isEmpty ? "/" : decoded
            })
    }

    /// `EXECUTOR_PREFIX`.
    static var podPrefix: ValueFormat {
        .text("empty, or at most 30 lower case letters, digits and -, the first not -: pods are named after it") {
            $0.wholeMatch(of: /([a-z0-9][a-z0-9-]{0,29})?/) != nil
        }
    }

    static var dnsLabel: ValueFormat { .text("a name of Kubernetes: \(KubernetesName.label.rule)") { KubernetesName.label.matches($0) } }

    static func dnsSubdomain(orEmpty mayBeEmpty: Bool = false) -> ValueFormat {
        .text("\(mayBeEmpty ? "empty, or " : "")a name of Kubernetes: \(KubernetesName.subdomain.rule)") {
            mayBeEmpty && $0.isEmpty || KubernetesName.subdomain.matches($0)
        }
    }

    static var image: ValueFormat {
        .text("an image's name without a tag (that is LAUNCH_VERSION)") {
            $0.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\/:-]*/) != nil && !($0.split(separator: "/").last ?? "").contains(":")
        }
    }

    static var imageWithTag: ValueFormat {
        .text("an image's name, perhaps with a tag or digest") { $0.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._\/:@-]*/) != nil }
    }

    static var labelName: ValueFormat { .text("a label's name: \(KubernetesName.qualified.rule)") { KubernetesName.qualified.matches($0) } }

    static var tag: ValueFormat {
        .text("an image's tag: letters, digits, '.', '_' and '-', at most 128") {
            $0.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[0-9a-f]{64})?/) != nil
        }
    }
}

extension ValueFormat where Value == String? {
    /// Empty is `nil`.
    static var optionalPath: ValueFormat {
        .scalar("must be the path of a file", keepsSpace: true, render: { $0.map(JSONValue.string) ?? .null }) {
            $0.contains("\0") ? nil : .some($0.isEmpty ? nil : $0)
        }
    }
}

extension ValueFormat where Value == Secret {
    static var secret: ValueFormat { .scalar("must be one text", keepsSpace: true, render: { _ in "<redacted>" }) { Secret($0) } }
}

extension ValueFormat where Value == Secret? {
    /// Empty is `nil`. Goes into an HTTP header, so there is no white space within.
    static var bearerToken: ValueFormat {
        .scalar("must be a token: visible ASCII characters without spaces", render: { $0 == nil ? .null : "<redacted>" }) { text in
            guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
            return .some(text.isEmpty ? nil : Secret(text))
        }
    }
}

extension ValueFormat where Value == Secret? {
    /// Empty is `nil`. May have a user and a password.
    static var proxy: ValueFormat {
        .scalar("must be empty or http://host:port or https://host:port of a proxy, perhaps with user:password@ before the host (percent-encoded)", render: { $0 == nil ? .null : "<redacted>" }) { text in
            guard !text.isEmpty else { return .some(nil) }
            // What else stands before the @ must be percent-encoded, or libcurl reads the address otherwise than we do.
            let user = /[A-Za-z0-9._~!$&'()*+,;=:-]|%[2-7][0-9A-Fa-f]/
            guard let match = text.wholeMatch(of: /https?:\/\/(?:([^@\/?#\s]*)@)?([^@\/?#\s]+)\/?/), Host.isAuthority(match.output.2) else { return nil }
            guard (match.output.1 ?? "").replacing(user, with: "").isEmpty else { return nil }
            return .some(Secret(text))
        }
    }
}

extension ValueFormat where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the type's own words, in any case of letters.
    static var word: ValueFormat {
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return .scalar("must be one of \(words)", render: { .string($0.rawValue) }) { Value(rawValue: $0.lowercased()) }
    }
}

extension ValueFormat where Value == ExecutorOptions.Plugin {
    static var plugin: ValueFormat {
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return ValueFormat(
            .text,
            parse: { raw, _ throws(Mismatch) in
                guard case .text(let text) = raw else { throw Mismatch("must be one of \(names)") }
                guard let plugin = Value(rawValue: text.trimmed) else {
                    throw Mismatch("executor \(String(text.trimmed.prefix(40)).withoutUserinfo) is not supported: use one of \(names)")
                }
                return plugin
            }, render: { .string($0.rawValue) })
    }
}
