/// Kubernetes name rules, checked here so that a wrong name is found before pods are rejected.
struct KubernetesName: Sendable {
    /// Completes "must be".
    let rule: String
    let matches: @Sendable (String) -> Bool

    /// DNS-1123 label: namespaces and volumes.
    static let label = KubernetesName(rule: "lower case letters, digits and - between them, at most 63") {
        $0.wholeMatch(of: /[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/) != nil
    }
    /// DNS-1123 subdomain: most objects.
    static let subdomain = KubernetesName(rule: "lower case letters, digits, and - or . between them, at most 253") {
        $0.utf8.count <= 253
            && $0.wholeMatch(of: /[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*/) != nil
    }
    /// A label or annotation key.
    static let qualified = KubernetesName(
        rule: "letters, digits, and -, _ or . between them, at most 63, perhaps with a DNS name and / before it"
    ) { text in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last, !name.isEmpty, Self.labelValue.matches(String(name)) else {
            return false
        }
        return parts.count == 1 || Self.subdomain.matches(String(parts[0]))
    }
    static let labelValue = KubernetesName(rule: "empty, or letters, digits, and -, _ or . between them, at most 63") {
        $0.wholeMatch(of: /([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?/) != nil
    }
    static let secretKey = KubernetesName(rule: "letters, digits, -, _ and ., at most 253") {
        $0.wholeMatch(of: /[A-Za-z0-9._-]{1,253}/) != nil
    }
    static let variable = KubernetesName(rule: "letters, digits, -, _ and ., the first not a digit") {
        $0.wholeMatch(of: /[A-Za-z_.-][A-Za-z0-9_.-]*/) != nil
    }
    static let absolutePath = KubernetesName(rule: "a path that begins with / and has no .. and no : in it") { path in
        path.hasPrefix("/") && !path.contains { $0 == ":" || $0 == "\0" } && !path.split(separator: "/").contains("..")
    }
}
