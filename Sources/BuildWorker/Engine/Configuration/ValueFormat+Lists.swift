internal import Clients
internal import Support

extension ValueFormat where Value == [String] {
    /// - Parameter plain: parses the non-JSON notation; `nil`: the text is JSON.
    private static func strings(
        _ expectation: String, shape: ValueShape = .json,
        plain: @escaping @Sendable (String) -> [String]? = { _ in nil },
        wrong: @escaping @Sendable ([String]) -> [String]
    ) -> ValueFormat {
        ValueFormat(
            shape,
            parse: { raw, _ throws(Mismatch) in
                var strings: [String]?
                if case .text(let text) = raw { strings = plain(text.trimmed) }
                if strings == nil { strings = try raw.strings(expectation) }
                let wrong = wrong(strings ?? [])
                guard wrong.isEmpty else { throw Mismatch(all: wrong) }
                return strings ?? []
            }, render: { shape == .json ? .array($0.map { .string($0) }) : .string($0.joined(separator: ",")) })
    }

    private static func separated(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
    }

    static var hosts: ValueFormat { .hosts(orNone: false, port: "use RABBITMQ_PORT, which holds for all hosts") }

    /// Accepted `Host` names; may be empty.
    static var hostNames: ValueFormat { .hosts(orNone: true, port: "it is good for any") }

    /// Comma-separated host names; in a file also a list. `port` is the advice if one includes a port.
    private static func hosts(orNone: Bool, port: String) -> ValueFormat {
        let expectation = "must be a host name or an IP address, several with commas between them"
        return .strings(expectation, shape: .list, plain: { orNone && $0.isEmpty ? [] : Self.separated($0) }) { hosts in
            hosts.enumerated().filter { !Host.isName($0.element) }.map { index, host in
                let place = hosts.count > 1 ? "host \(index + 1) " : ""
                if host.contains("://") || host.contains("@") {
                    return "\(place)must be a host name alone: protocol, user and password have variables of their own"
                }
                let hasPort = host.wholeMatch(of: /[^:]+:[0-9]+|\[.*\]:[0-9]+/) != nil
                return place + (hasPort ? "must not have a port: \(port)" : expectation)
            }
        }
    }

    /// Host names, IP addresses and `*.domain`, comma-separated or as a list; may be empty.
    static var hostPatterns: ValueFormat {
        let expectation =
            "must be host names, IP addresses or *.example.com, with commas between them or as a JSON array; no scheme, no port"
        return .strings(
            expectation, shape: .list, plain: { $0.hasPrefix("[") ? nil : $0.isEmpty ? [] : Self.separated($0) },
            wrong: {
                $0.allSatisfy { Host.isName($0.hasPrefix("*.") ? $0.dropFirst(2) : $0[...]) } ? [] : [expectation]
            })
    }

    /// An absolute program path, or a JSON array of the path and arguments. No shell is involved. Empty or `[]`: none.
    static var command: ValueFormat {
        let example = #"["/usr/local/bin/tell","--all"]"#
        let expectation =
            "must be a program's absolute path, or a JSON array of it and its arguments, for example \(example)"
        return .strings(
            expectation, plain: { $0.hasPrefix("[") ? nil : $0.isEmpty ? [] : [$0] },
            wrong: { words in
                words.first?.hasPrefix("/") ?? true && !words.contains { $0.contains("\0") } ? [] : [expectation]
            })
    }

    /// A JSON array of routing key patterns.
    static var topicPatterns: ValueFormat {
        let example = #"["build.failed","outage.*"]"#
        let expectation = "must be a JSON array of event patterns, for example \(example); * is one word, # any number"
        return .strings(expectation) { patterns in
            patterns.allSatisfy { $0.wholeMatch(of: /([a-z-]+|\*|#)(\.([a-z-]+|\*|#))*/) != nil } ? [] : [expectation]
        }
    }

    /// A JSON array of regular expressions for image names. An empty one would exclude every image.
    static var patterns: ValueFormat {
        .strings(#"must be a JSON array of regular expressions, for example ["rhel6"]"#) { patterns in
            patterns.filter { $0.isEmpty || !ImagePattern.isValid($0) }.map {
                "\($0.quoted) must be a regular expression"
            }
        }
    }
}
