/// Which pods a list, watch or deletion of a collection concerns.
struct PodFilter {
    enum Requirement {
        case equal(String, String), notEqual(String, String)
        case oneOf(String, Set<String>)
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
        for part in try Self.parts(labelSelector ?? "") {
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
            case .oneOf(let key, let values): label(key).map(values.contains) ?? false
            case .exists(let key): label(key) != nil
            case .absent(let key): label(key) == nil
            }
        }
    }

    /// At the commas that do not stand in parentheses.
    private static func parts(_ selector: String) throws(SelectorProblem) -> [Substring] {
        var parts: [Substring] = []
        var (start, depth) = (selector.startIndex, 0)
        for index in selector.indices {
            switch selector[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(selector[start..<index])
                start = selector.index(after: index)
            default: break
            }
            guard (0...1).contains(depth) else {
                throw SelectorProblem(message: "unable to parse requirement: parentheses in '\(selector)'")
            }
        }
        guard depth == 0 else {
            throw SelectorProblem(
                message: "unable to parse requirement: expected: ',' or ')' at the end of '\(selector)'")
        }
        return (parts + [selector[start...]]).filter { !$0.isEmpty }
    }

    private static func requirement(_ text: Substring) throws(SelectorProblem) -> Requirement {
        let trimmed = text.drop { $0 == " " }
        if let match = trimmed.wholeMatch(of: /(\S+) +in *\(([^()]*)\) */) {
            let values = match.output.2.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.filter { $0 != " " }
            }
            return .oneOf(try checked(match.output.1), Set(values))
        }
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
                message:
                    "unable to parse requirement: found '\(key)' (of the set-based selectors only 'in' is simulated)")
        }
        return String(key)
    }
}

/// A selector that cannot be understood.
struct SelectorProblem: Error {
    var message: String
}
