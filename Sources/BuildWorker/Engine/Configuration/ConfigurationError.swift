/// The layer that an effective value comes from. A later layer overrides the earlier ones.
package enum ConfigurationOrigin: Hashable, Sendable, CustomStringConvertible {
    /// `Config/default.yaml`.
    case `default`
    /// The file given with `--config`, or one found by ``NodeConfig``.
    case file(String)
    case variable(String)

    package var description: String {
        switch self {
        case .default: "default"
        case .file(let path): "file \(path)"
        case .variable(let name): "variable \(name)"
        }
    }
}

/// A configuration error that an operator must fix.
package struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// `nil`: the problem concerns a whole file.
    package let key: String?
    package let origin: ConfigurationOrigin
    /// The value given, truncated; `<redacted>` for a secret; `nil` where it is of no use.
    package let value: String?
    package let expectation: String

    /// Safe to log.
    package var description: String {
        let place = "\(self.origin)" + (self.key.map { " (\($0))" } ?? "")
        return [place, self.value, self.expectation].compactMap(\.self).joined(separator: ": ")
    }
}

extension [ConfigurationProblem] {
    mutating func add(_ key: String?, _ origin: ConfigurationOrigin, value: String? = nil, _ expectation: String) {
        self.append(ConfigurationProblem(key: key, origin: origin, value: value, expectation: expectation))
    }

    var inKeyOrder: [ConfigurationProblem] {
        let places = Dictionary(uniqueKeysWithValues: Setting.known.enumerated().map { ($1.key, $0) })
        func rank(_ problem: ConfigurationProblem) -> Int { problem.key.map { places[$0] ?? Int.max } ?? -1 }
        return self.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
    }
}

/// All problems of a configuration, in key order. Nothing of it was applied.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    package var description: String { self.problems.map { "- \($0)" }.joined(separator: "\n") }
}
