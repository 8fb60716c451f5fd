/// A routing key pattern of topic exchanges: words separated by dots, `*` for one word, `#` for zero or more.
package struct TopicPattern: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    private let words: [Substring]

    package init(_ text: String) {
        self.description = text
        self.words = text.split(separator: ".", omittingEmptySubsequences: false)
    }

    package func matches(_ key: String) -> Bool {
        Self.match(self.words[...], key.split(separator: ".", omittingEmptySubsequences: false)[...])
    }

    private static func match(_ pattern: ArraySlice<Substring>, _ key: ArraySlice<Substring>) -> Bool {
        guard let first = pattern.first else { return key.isEmpty }
        if first == "#" {
            return Self.match(pattern.dropFirst(), key) || (!key.isEmpty && Self.match(pattern, key.dropFirst()))
        }
        guard let word = key.first, first == "*" || first == word else { return false }
        return Self.match(pattern.dropFirst(), key.dropFirst())
    }
}
