/// Which pods a list, watch or deletion of a collection concerns.
struct PodFilter {
    enum Requirement {
        case equal(String, String), notEqual(String, String)
        case exists(String), absent(String)
    }

    /// nil: all namespaces.
    var namespace: String?
    var requirements: [Requirement] = []
    /// From `fieldSelector=metadata.name=…`.
    var name: String?

    /// Reads `labelSelector` and `fieldSelector`. Throws for selectors that are malformed or not simulated.
    init(namespace: String?, labelSelector: String?, fieldSelector: String?) throws(SelectorProblem) {
        self.namespace = namespace
        for part in (labelSelector ?? "").split(separator: ",") {
            requirements.append(try Self.requirement(part))
        }
        for part in (fieldSelector ?? "").split(separator: ",") {
            guard case .equal("metadata.name", let value) = try Self.requirement(part) else {
                throw SelectorProblem(message: "field label not supported: \(part)")
            }
            name = value
        }
    }

    /// The value that `sdbuild` must have, which is how build workers look for their pods.
    var build: String? {
        for case .equal("sdbuild", let value) in requirements { return value }
        return nil
    }

    /// Whether it asks for all pods of its namespace.
    var isEmpty: Bool { requirements.isEmpty && name == nil }

    func matches(_ pod: Pod) -> Bool {
        if let namespace, pod.namespace != namespace { return false }
        if let name, pod.name != name { return false }
        return matches(pod.label)
    }

    func matches(_ labels: [String: String]) -> Bool { matches { labels[$0] } }

    private func matches(_ label: (String) -> String?) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .equal(let key, let value): label(key) == value
            case .notEqual(let key, let value): label(key) != value
            case .exists(let key): label(key) != nil
            case .absent(let key): label(key) == nil
            }
        }
    }

    private static func requirement(_ text: Substring) throws(SelectorProblem) -> Requirement {
        let trimmed = text.drop { $0 == " " }
        if let equals = trimmed.firstIndex(of: "=") {
            var key = trimmed[..<equals]
            var value = trimmed[trimmed.index(after: equals)...]
            if key.last == "!" {
                key.removeLast()
                return .notEqual(try checked(key), String(value))
            }
            if value.first == "=" { value.removeFirst() }
            return .equal(try checked(key), String(value))
        }
        if trimmed.first == "!" { return .absent(try checked(trimmed.dropFirst())) }
        return .exists(try checked(trimmed))
    }

    private static func checked(_ key: Substring) throws(SelectorProblem) -> String {
        guard !key.isEmpty, !key.contains(where: { " ()=!".contains($0) }) else {
            throw SelectorProblem(
                message: "unable to parse requirement: found '\(key)' (set-based selectors are not simulated)")
        }
        return String(key)
    }
}

/// A selector that cannot be understood.
struct SelectorProblem: Error {
    var message: String
}
