/// Which layer an effective value comes from. Later layers go before earlier ones.
package enum ConfigurationOrigin: Hashable, Sendable, CustomStringConvertible {
    /// `Config/default.yaml`.
    case `default`
    /// The file given with `--config`, or one that is found (``NodeConfig``).
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

/// Something an operator has to put right.
package struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// `nil` where a whole file is meant.
    package let key: String?
    package let origin: ConfigurationOrigin
    /// What was given, cut if long; `<redacted>` for a secret; `nil` where showing it says nothing.
    package let value: String?
    /// What would be right.
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

    /// Whole files first, then keys as they are documented, then keys that do not exist.
    var inKeyOrder: [ConfigurationProblem] {
        let places = Dictionary(uniqueKeysWithValues: Setting.known.enumerated().map { ($1.key, $0) })
        func rank(_ problem: ConfigurationProblem) -> Int { problem.key.map { places[$0] ?? Int.max } ?? -1 }
        return self.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
    }
}

/// Everything that is wrong with a configuration, in the order of its keys. Nothing of it was put into effect.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    /// A line a problem; safe to log.
    package var description: String { self.problems.map { "- \($0)" }.joined(separator: "\n") }
}
