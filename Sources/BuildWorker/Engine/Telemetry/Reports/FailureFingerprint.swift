internal import Support
internal import Workflow

/// Identifies a fault independently of the build.
enum FailureFingerprint {
    /// - Returns: 16 hexadecimal digits.
    static func of(kind: String, failureClass: FailureClass, cause: String) -> String {
        Fingerprint.of(Array("\(kind)\n\(failureClass.rawValue)\n\(cause)".utf8))
    }

    /// Replaces what differs between builds by `#`: words with digits, node names, and quoted text without blanks.
    /// Status codes, exit codes and webhook names stay.
    static func withoutIDs(_ text: String) -> String {
        var words: [String] = []
        var (previous, before): (Substring, Substring) = ("", "")
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            let reduced = Self.reduced(word, after: previous, before)
            (before, previous) = (previous, word)
            // Consecutive placeholders are merged.
            if reduced.isPlaceholder, words.last?.isPlaceholder == true { words.removeLast() }
            words.append(reduced)
        }
        // The kubelet's message for the same pull while it backs off.
        return words.joined(separator: " ").replacing(
            "ImagePullBackOff: Back-off pulling image #: ErrImagePull: ", with: "ErrImagePull: ")
    }

    private static func reduced(_ word: Substring, after previous: Substring, _ before: Substring) -> String {
        let edges: Set<Character> = ["(", ")", ",", ".", ":", ";", "'", "[", "]", "{", "}"]
        let head = word.prefix { edges.contains($0) }
        let rest = word.dropFirst(head.count)
        let tail = rest.reversed().prefix { edges.contains($0) }.reversed()
        let core = rest.dropLast(tail.count)
        let shown: String
        if core.hasPrefix("launcher-") {
            // Not the build's own container.
            shown = "launcher-#"
        } else if previous == "webhook" || previous == "code" && core.count <= 3 && core.allSatisfy(\.isNumber) {
            shown = String(core)
        } else if previous.lowercased() == "node",
            before == "on" || core.dropFirst().dropLast().contains(where: { "-.".contains($0) })
        {
            shown = "#"
        } else {
            // A status code follows a colon: `create pod: 500`. Elsewhere the same digits may be a build id.
            shown = previous.hasSuffix(":") && Self.isStatus(core) || !Self.isID(core) ? String(core) : "#"
        }
        return "\(head)\(shown)\(String(tail))"
    }

    private static func isStatus(_ word: Substring) -> Bool {
        word.count == 3 && (Int(word).map { (400..<600).contains($0) } ?? false)
    }

    private static func isID(_ word: Substring) -> Bool {
        // A list index, as in `spec.containers[0].image`, is no id.
        if word.replacing(/\[\d+\]/, with: "").contains(where: \.isNumber) { return true }
        // "name", or an escaped \"name\" within quoted text.
        return word.count > 2
            && (word.hasPrefix("\"") && word.hasSuffix("\"") || word.hasPrefix("\\\"") && word.hasSuffix("\\\""))
    }
}

extension String {
    /// `#`, with or without punctuation.
    fileprivate var isPlaceholder: Bool { self.contains("#") && self.allSatisfy { $0 == "#" || $0.isPunctuation } }
}
