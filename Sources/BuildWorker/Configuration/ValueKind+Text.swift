extension ValueKind where Value == String {
    static var text: Self {
        Self("text on one line, not empty,") { $0.trimmed.isEmpty || !ValueText.isPrintable($0) ? nil : $0 }
    }

    /// A queue or an exchange; AMQP counts bytes.
    static var queue: Self {
        Self("a name without white space, at most 200 bytes,") { text in
            text.isEmpty || text.utf8.count > 200 || text.contains(where: \.isWhitespace) || !ValueText.isPrintable(text) ? nil : text
        }
    }

    static func matching(_ pattern: String, _ expectation: String, longest: Int) -> Self {
        Self("\(expectation), at most \(longest) characters,") { text in
            text.count <= longest && ValueText.matches(text, pattern) ? text : nil
        }
    }

    /// A name as Kubernetes gives to namespaces, volumes and containers.
    static var label: Self {
        .matching("[a-z0-9]([-a-z0-9]*[a-z0-9])?", "a name of lower-case letters, digits and inner hyphens", longest: 63)
    }

    /// A name as Kubernetes gives to service accounts, Secrets and classes.
    static var subdomain: Self {
        .matching(
            #"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"#,
            "a name of lower-case letters, digits, inner hyphens and dots", longest: 253)
    }

    static var optionalSubdomain: Self {
        let subdomain = Self.subdomain
        return Self { (value: JSONValue) throws(Mismatch) -> String in value.scalarText == "" ? "" : try subdomain.read(value) }
    }

    static var podPrefix: Self {
        .matching(
            "([a-z0-9][-a-z0-9]*)?", "nothing, or lower-case letters, digits and hyphens that begin with a letter or a digit", longest: 30)
    }

    static var word: Self { Self("text without white space, not empty,") { $0.isEmpty || $0.contains(where: \.isWhitespace) ? nil : $0 } }

    static func oneOf(_ choices: String...) -> Self {
        Self("one of \(choices.joined(separator: ", "))") { text in choices.first { $0.lowercased() == text.trimmed.lowercased() } }
    }

    /// As in the path of an AMQP URI: one leading slash does not belong to the name, and an empty name means `/`.
    static var virtualHost: Self {
        Self("a virtual host as in a URI's path, for example /builds or /%2F,") { text in
            guard let name = ValueText.percentDecoded(text.hasPrefix("/") ? String(text.dropFirst()) : text),
                ValueText.isPrintable(name), name.utf8.count <= 255
            else { return nil }
            return name.isEmpty ? "/" : name
        }
    }
}

extension ValueKind where Value == Secret {
    static var secret: Self { Self("text on one line, not empty,") { $0.isEmpty || !ValueText.isPrintable($0) ? nil : Secret($0) } }

    /// A token holds no white space; what surrounds it comes from the file it was pasted from.
    static var token: Self {
        Self("a token without white space inside") { text in
            let token = text.trimmed
            return token.isEmpty || token.contains(where: \.isWhitespace) || !ValueText.isPrintable(token) ? nil : Secret(token)
        }
    }
}

extension ValueKind where Value: RawRepresentable<String> & CaseIterable & SendableMetatype {
    static var choice: Self {
        Self("one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))") { Value(rawValue: $0.trimmed.lowercased()) }
    }
}

extension ValueKind where Value == ExecutorOptions.Plugin {
    static var plugin: Self { Self("not supported by this worker: use k8s; k8s") { .init(rawValue: $0.trimmed) } }
}
