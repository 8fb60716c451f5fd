internal import Foundation
internal import Support
internal import Yams

/// A YAML file, or a JSON file by its extension, as a tree. Maps keep their order, scalars their text.
struct ConfigurationFile {
    /// The top-level object; `nil` for an empty file.
    let root: JSONValue?

    struct Unreadable: Error {
        /// Contains key names at most, never other file contents.
        let reason: String
    }

    init(path: String) throws(Unreadable) {
        var text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch { throw Unreadable(reason: "cannot be read: \(error.localizedDescription)") }
        if text.first == "\u{FEFF}" { text.removeFirst() }
        let document: JSONValue?
        do {
            document = path.hasSuffix(".json") ? try JSONValue(parsing: text) : try Yams.compose(yaml: text)?.json
        } catch let error as YamlError {
            throw Unreadable(reason: "is not valid YAML: \(error.withoutContents)")
        } catch { throw Unreadable(reason: error is JSONError ? "is not valid JSON: \(error)" : "is not valid YAML") }
        self.root = document == .null ? nil : document
        if let root = self.root, root.members == nil {
            throw Unreadable(reason: "must be a map of keys like Config/default.yaml")
        }
    }
}

extension Node {
    /// Plain scalars follow JSON types; `~` and an empty value become null; everything else is a string.
    fileprivate var json: JSONValue {
        switch self {
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string(scalar.string) }
            if ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .null }
            do throws(JSONError) {
                return try JSONValue(parsing: scalar.string).scalarOnly ?? .string(scalar.string)
            } catch {
                return .string(scalar.string)
            }
        case .sequence(let sequence): return .array(sequence.map(\.json))
        case .mapping(let mapping):
            let members = mapping.map { JSONValue.Member($0.key.scalar?.string ?? "?", $0.value.json) }
            // `<<: *anchor`: sibling keys take precedence.
            let merged = members.filter { $0.name == "<<" }.flatMap { $0.value.array ?? [$0.value] }
            let own = JSONValue.object(members.filter { $0.name != "<<" })
            return (merged.reversed() + [own]).dropFirst().reduce(merged.last ?? own) { $0.merging($1, deeply: false) }
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

    /// Merges objects; any other value of `above` replaces ours.
    func merging(_ above: JSONValue, deeply: Bool = true) -> JSONValue {
        guard self.members != nil, let members = above.members else { return above }
        return members.reduce(into: self) { result, member in
            result[member.name] = deeply ? result[member.name]?.merging(member.value) ?? member.value : member.value
        }
    }
}

extension YamlError {
    /// What and where, without contents: the library's own description quotes the line, which may hold a password.
    fileprivate var withoutContents: String {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "\(problem) at line \(mark.line), column \(mark.column)"
        case .reader(let problem, let offset, _, _): "\(problem)\(offset.map { " at byte \($0)" } ?? "")"
        case .duplicatedKeysInMapping(let names, let context):
            "the same key twice (\(names.sorted().joined(separator: ", "))) near line \(context.mark.line)"
        case .dataCouldNotBeDecoded: "it is not UTF-8"
        case .no, .memory, .writer, .emitter, .representer: "the parser failed"
        }
    }
}

/// A mounted credential file, named by a variable ending in `_FILE`: unlike a variable, it has its own permissions.
struct CredentialFile {
    /// Suffix of the variable that names the file.
    static let suffix = "_FILE"
    /// Bytes. Passwords are shorter; a device file may be endless.
    static let largest = 65_536

    /// Trimmed of white space: editors and `echo` append a newline.
    let text: String

    struct Unusable: Error {
        /// Contains no file contents.
        let expectation: String
    }

    init(path: String) throws(Unusable) {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { file.closeFile() }
            data = try file.read(upToCount: Self.largest + 1) ?? Data()
        } catch {
            throw Unusable(expectation: "must be the path of a file that can be read: \(error.localizedDescription)")
        }
        guard data.count <= Self.largest, let text = String(data: data, encoding: .utf8) else {
            throw Unusable(expectation: "must be the path of a file with one text in it, at most \(Self.largest) bytes")
        }
        self.text = text.trimmed
        guard !self.text.isEmpty else { throw Unusable(expectation: "must be the path of a file that is not empty") }
    }
}
