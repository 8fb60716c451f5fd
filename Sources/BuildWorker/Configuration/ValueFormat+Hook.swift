extension ValueFormat where Value == [String] {
    /// A program's absolute path, or a JSON array of the path and its arguments. No shell reads it. Nothing, or `[]`, is none.
    static var command: ValueFormat {
        ValueFormat(
            .json,
            parse: { raw, _ throws(Mismatch) in
                let expectation = "must be a program's absolute path, or a JSON array of it and its arguments, for example [\"/usr/local/bin/tell\",\"--all\"]"
                if case .text(let text) = raw, !text.trimmed.hasPrefix("[") {
                    let path = text.trimmed
                    guard path.isEmpty || path.hasPrefix("/"), !path.contains("\0") else { throw Mismatch(expectation) }
                    return path.isEmpty ? [] : [path]
                }
                let words = try raw.strings(expectation)
                guard words.first?.hasPrefix("/") ?? true, !words.contains(where: { $0.contains("\0") }) else {
                    throw Mismatch(expectation)
                }
                return words
            }, render: { .array($0.map { .string($0) }) })
    }

    /// A JSON array of patterns of routing keys.
    static var topicPatterns: ValueFormat {
        ValueFormat(
            .json,
            parse: { raw, _ throws(Mismatch) in
                let expectation = "must be a JSON array of event patterns, for example [\"build.failed\",\"outage.*\"]; * is one word, # any number"
                let patterns = try raw.strings(expectation)
                guard patterns.allSatisfy({ $0.wholeMatch(of: /([a-z-]+|\*|#)(\.([a-z-]+|\*|#))*/) != nil }) else { throw Mismatch(expectation) }
                return patterns
            }, render: { .array($0.map { .string($0) }) })
    }
}
