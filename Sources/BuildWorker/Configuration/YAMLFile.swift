internal import Foundation
internal import Yams

/// A YAML file as a tree. Mappings keep their order, scalars their text.
struct YAMLFile {
    /// `nil` where the file is empty.
    let root: Node.Mapping?

    struct Unreadable: Error {
        /// Holds nothing of the file's contents but names of keys.
        let reason: String
    }

    init(path: String) throws(Unreadable) {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch { throw Unreadable(reason: "cannot be read: \(error.localizedDescription)") }
        do {
            guard let node = try Yams.compose(yaml: text), !node.isNothing else {
                self.root = nil
                return
            }
            guard case .mapping(let mapping) = node else { throw Unreadable(reason: "must be a map of keys like Config/default.yaml") }
            self.root = mapping
        } catch let error as Unreadable { throw error } catch let error as YamlError {
            throw Unreadable(reason: "is not valid YAML: \(error.withoutContents)")
        } catch { throw Unreadable(reason: "is not valid YAML") }
    }
}

extension Node {
    /// `~`, `null` or nothing at all, without quotes.
    var isNothing: Bool {
        guard case .scalar(let scalar) = self else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    var rawValue: RawValue {
        if case .scalar(let scalar) = self { .text(scalar.string) } else { .document(self.json) }
    }

    /// Plain scalars that JSON knows become what it knows; all others are texts.
    private var json: JSONValue {
        switch self {
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string(scalar.string) }
            if self.isNothing { return .null }
            do throws(JSONError) { return try JSONValue(parsing: scalar.string).scalarOnly ?? .string(scalar.string) } catch { return .string(scalar.string) }
        case .sequence(let sequence): return .array(sequence.map(\.json))
        case .mapping(let mapping): return .object(mapping.map { JSONValue.Member($0.key.scalar?.string ?? "", $0.value.json) })
        case .alias: return .null
        }
    }
}

extension JSONValue {
    fileprivate var scalarOnly: JSONValue? {
        switch self {
        case .bool, .number: self
        case .null, .string, .array, .object: nil
        }
    }
}

extension YamlError {
    /// What and where; the library's own description quotes the line, which may hold a password.
    fileprivate var withoutContents: String {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            "\(problem) at line \(mark.line), column \(mark.column)"
        case .reader(let problem, let offset, _, _): "\(problem)\(offset.map { " at byte \($0)" } ?? "")"
        case .duplicatedKeysInMapping(let names, let context):
            "the same key twice (\(names.sorted().joined(separator: ", "))) near line \(context.mark.line)"
        case .dataCouldNotBeDecoded: "it is not UTF-8"
        case .no, .memory, .writer, .emitter, .representer: "the parser failed"
        }
    }
}
