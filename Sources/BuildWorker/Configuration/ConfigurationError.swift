/// Something an operator has to put right.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// `nil` where a whole file is meant.
    public let key: String?
    public let origin: ConfigurationOrigin
    /// What was given, cut if long; `<redacted>` for a secret; `nil` where showing it says nothing.
    public let value: String?
    /// What would be right.
    public let expectation: String

    public init(key: String?, origin: ConfigurationOrigin, value: String? = nil, expectation: String) {
        (self.key, self.origin, self.value, self.expectation) = (key, origin, value, expectation)
    }

    /// Safe to log.
    public var description: String {
        let place = "\(self.origin)" + (self.key.map { " (\($0))" } ?? "")
        return [place, self.value, self.expectation].compactMap(\.self).joined(separator: ": ")
    }
}

/// Everything that is wrong with a configuration, in the order of its keys. Nothing of it was put into effect.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    public let problems: [ConfigurationProblem]

    public init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    /// A line a problem; safe to log.
    public var description: String { self.problems.map { "- \($0)" }.joined(separator: "\n") }
}
