internal import Yams

/// Which variable sets which key, from `Config/environment.yaml`.
///
/// A leaf is a variable's name, or `{ name: X, format: json }` where the variable holds more than one text.
struct VariableMap {
    private(set) var variables: [String: String] = [:]
    private(set) var problems: [ConfigurationProblem] = []

    init(path: String) {
        do throws(YAMLFile.Unreadable) {
            if let root = try YAMLFile(path: path).root { self.read(root, prefix: "", path) }
        } catch {
            self.problems.append(ConfigurationProblem(key: nil, origin: .file(path), expectation: error.reason))
            return
        }
        for setting in Setting.all where self.variables[setting.key] == nil && !self.problems.contains(where: { $0.key == setting.key }) {
            self.refuse(setting.key, path, "has no variable here: the file belongs to another version of the worker")
        }
        for (name, keys) in Dictionary(grouping: self.variables, by: \.value).filter({ $1.count > 1 }) {
            let keys = keys.map(\.key).sorted()
            self.refuse(keys[0], path, "\(name) must not also set \(keys.dropFirst().joined(separator: ", "))")
        }
    }

    private mutating func read(_ mapping: Node.Mapping, prefix: String, _ path: String) {
        for (name, node) in mapping {
            let key = prefix + (name.scalar?.string ?? "?")
            switch (KeyTree.place(of: key), node) {
            case (.setting(let setting), .scalar(let scalar)) where setting.shape == .text: self.variables[key] = scalar.string
            case (.setting(let setting), .mapping(let leaf)) where leaf["format"]?.scalar?.string == setting.shape.rawValue && leaf["name"]?.scalar != nil:
                self.variables[key] = leaf["name"]?.scalar?.string
            case (.setting(let setting), _):
                let example = setting.shape == .text ? "a variable's name" : "{ name: VARIABLE, format: \(setting.shape.rawValue) }"
                self.refuse(key, path, "must be \(example)")
            case (.group, .mapping(let inner)): self.read(inner, prefix: "\(key).", path)
            case (.group, _), (.ignored, _), (.unknown, _): self.refuse(key, path, "is not a key that a variable can set")
            }
        }
    }

    private mutating func refuse(_ key: String, _ path: String, _ expectation: String) {
        self.problems.append(ConfigurationProblem(key: key, origin: .file(path), expectation: expectation))
    }
}
