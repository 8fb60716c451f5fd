/// One value that cannot be used, and what would be right.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// The key's path, for example `rabbitmq.port`. Empty where a whole file is at fault.
    public let key: String
    /// The variable, or the file, that holds the value.
    public let origin: String
    /// Cut, and redacted where the key is a secret; `nil` where the value plays no part.
    public let value: String?
    /// What would be right.
    public let expectation: String

    init(key: String, origin: String, value: String?, expectation: String) {
        self.key = key
        self.origin = origin
        self.value = value.map(DisplayedValue.cut)
        self.expectation = expectation
    }

    public var description: String {
        let place = self.key.isEmpty ? self.origin : "\(self.origin) (\(self.key))"
        guard let value else { return "\(place): \(self.expectation)" }
        return "\(place): '\(value)' cannot be used: \(self.expectation)"
    }
}

/// Everything that is wrong with a configuration, found in one go.
public struct ConfigurationError: Error, CustomStringConvertible {
    public let problems: [ConfigurationProblem]

    init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    /// One problem a line.
    public var description: String { self.problems.map(\.description).joined(separator: "\n") }
}

/// Why a value does not fit its key. Holds no part of the value, so it is safe for secrets too.
struct Mismatch: Error {
    let expectations: [String]

    init(_ expectations: String...) { self.expectations = expectations }
    init(all expectations: [String]) { self.expectations = expectations }
}
