/// Names what went wrong so that the same fault has the same name, whichever build met it.
enum FailureFingerprint {
    /// - Returns: 16 hexadecimal digits.
    static func of(kind: String, failureClass: FailureClass, cause: String) -> String {
        Fingerprint.of(Array("\(kind)\n\(failureClass.rawValue)\n\(cause)".utf8))
    }

    /// The text without what differs from build to build: words with digits in them (ids, pod names, addresses, times, sizes) become
    /// `#`, and so does what stands in double quotes, as servers quote names, where it holds no blank. Status codes stay.
    static func withoutIDs(_ text: String) -> String {
        var words: [String] = []
        var previous: Substring?
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            // A status code is what follows a colon: `create pod: 500`. Elsewhere the same digits may be a build.
            let reduced = Self.reduced(word, mayBeStatus: previous?.hasSuffix(":") ?? false)
            previous = word
            // Ten ids in a row say no more than one.
            if reduced.isPlaceholder, words.last?.isPlaceholder == true { words.removeLast() }
            words.append(reduced)
        }
        return words.joined(separator: " ")
    }

    private static func reduced(_ word: Substring, mayBeStatus: Bool) -> String {
        let edges: Set<Character> = ["(", ")", ",", ".", ":", ";", "'", "[", "]", "{", "}"]
        let head = word.prefix { edges.contains($0) }
        let rest = word.dropFirst(head.count)
        let tail = rest.reversed().prefix { edges.contains($0) }.reversed()
        let core = rest.dropLast(tail.count)
        return "\(head)\(mayBeStatus && Self.isStatus(core) || !Self.isID(core) ? String(core) : "#")\(String(tail))"
    }

    private static func isStatus(_ word: Substring) -> Bool { word.count == 3 && (Int(word).map { (400..<600).contains($0) } ?? false) }

    private static func isID(_ word: Substring) -> Bool {
        if word.contains(where: \.isNumber) { return true }
        // "name", or an escaped \"name\" within a quoted text.
        return word.count > 2 && (word.hasPrefix("\"") && word.hasSuffix("\"") || word.hasPrefix("\\\"") && word.hasSuffix("\\\""))
    }
}

extension String {
    /// `#`, with or without punctuation.
    fileprivate var isPlaceholder: Bool { self.contains("#") && self.allSatisfy { $0 == "#" || $0.isPunctuation } }
}
