/// A regular expression that images' names are searched for, in any case of letters.
enum ImagePattern {
    static func isValid(_ pattern: String) -> Bool { Self.expression(pattern) != nil }

    /// - Returns: `false`, too, where the pattern is none; the configuration lets no such pass.
    static func isFound(_ pattern: String, in image: String) -> Bool {
        Self.expression(pattern).map { image.firstMatch(of: $0) != nil } ?? false
    }

    /// Made anew for each use: a `Regex` cannot be shared between tasks.
    private static func expression(_ pattern: String) -> Regex<AnyRegexOutput>? {
        do { return try Regex(pattern).ignoresCase() } catch { return nil }
    }
}
