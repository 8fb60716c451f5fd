/// The rules that Kubernetes has for names, so that a wrong one is found before every pod is refused for it.
enum KubernetesName: Sendable {
    /// DNS-1123 label: of a namespace, of a volume.
    case label
    /// DNS-1123 subdomain: of most objects.
    case subdomain
    /// Of a label or an annotation.
    case qualified
    /// What a label may hold.
    case labelValue
    /// Of a Secret's key.
    case secretKey
    /// Of an environment variable.
    case variable
    /// Of a directory or file.
    case absolutePath

    /// Completes "must be".
    var rule: String {
        switch self {
        case .label: "lower case letters, digits and - between them, at most 63"
        case .subdomain: "lower case letters, digits, and - or . between them, at most 253"
        case .qualified: "letters, digits, and -, _ or . between them, at most 63, perhaps with a DNS name and / before it"
        case .labelValue: "empty, or letters, digits, and -, _ or . between them, at most 63"
        case .secretKey: "letters, digits, -, _ and ., at most 253"
        case .variable: "letters, digits, -, _ and ., the first not a digit"
        case .absolutePath: "a path that begins with / and has no .. and no : in it"
        }
    }

    func matches(_ text: String) -> Bool {
        switch self {
        case .label: text.wholeMatch(of: /[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/) != nil
        case .subdomain: text.utf8.count <= 253 && text.wholeMatch(of: /[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*/) != nil
        case .qualified: Self.isQualified(text)
        case .labelValue: text.wholeMatch(of: /([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?/) != nil
        case .secretKey: text.wholeMatch(of: /[A-Za-z0-9._-]{1,253}/) != nil
        case .variable: text.wholeMatch(of: /[A-Za-z_.-][A-Za-z0-9_.-]*/) != nil
        case .absolutePath: text.hasPrefix("/") && !text.contains(where: { $0 == ":" || $0 == "\0" }) && !text.split(separator: "/").contains("..")
        }
    }

    private static func isQualified(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last, !name.isEmpty, Self.labelValue.matches(String(name)) else { return false }
        return parts.count == 1 || Self.subdomain.matches(String(parts[0]))
    }
}
