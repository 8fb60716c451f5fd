internal import Foundation
internal import Yams

/// One YAML file as a tree that keeps the order of its mappings.
enum ConfigurationFile {
    /// The root mapping; an empty file has no members.
    static func read(_ path: String) throws(ConfigurationError) -> [JSONValue.Member] {
        func problem(_ expectation: String) -> ConfigurationError {
            ConfigurationError([ConfigurationProblem(key: "", origin: path, value: nil, expectation: expectation)])
        }
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch { throw problem("cannot be read as UTF-8 text") }
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch { throw problem("is not YAML: \(self.summary(of: error))") }
        guard let root else { return [] }
        switch self.value(root) {
        case .null: return []
        case .object(let members): return members
        default: throw problem("should be a mapping of keys to values")
        }
    }

    /// The place and the kind of an error. Yams also quotes the line, which may hold a password.
    private static func summary(of error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            "line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, _): "repeated keys \(duplicates.map { "\($0)" }.joined(separator: ", "))"
        default: "it cannot be parsed"
        }
    }

    /// Plain scalars that JSON would read as a number, a boolean or null are that; all others are text.
    static func value(_ node: Node) -> JSONValue {
        switch node {
        case .scalar(let scalar): self.value(scalar)
        case .sequence(let elements): .array(elements.map(self.value))
        case .mapping(let pairs): .object(pairs.map { JSONValue.Member($0.key.scalar?.string ?? "?", self.value($0.value)) })
        case .alias: .null
        }
    }

    private static func value(_ scalar: Node.Scalar) -> JSONValue {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        if scalar.string.isEmpty || scalar.string == "~" { return .null }
        do throws(JSONError) {
            let value = try JSONValue(parsing: scalar.string)
            switch value {
            case .number, .bool, .null: return value
            case .string, .array, .object: return .string(scalar.string)
            }
        } catch { return .string(scalar.string) }
    }
}
