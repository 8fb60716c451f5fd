/// Which variable sets which key, from `Config/environment.yaml`.
///
/// A leaf is a variable's name, or `{ name: X, format: json }` where the variable holds more than one text.
struct VariableMap {
    private(set) var variables: [String: String] = [:]
    private(set) var problems: [ConfigurationProblem] = []

    init(path: String) {
        do throws(ConfigurationFile.Unreadable) {
            if let root = try ConfigurationFile(path: path).root { self.read(root, prefix: "", path) }
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

    private mutating func read(_ document: JSONValue, prefix: String, _ path: String) {
        for member in document.members ?? [] {
            let (key, leaf) = (prefix + member.name, member.value)
            switch KeyTree.place(of: key) {
            case .setting(let setting):
                let isJustAName = setting.shape == .text && leaf.string != nil
                if let name = isJustAName ? leaf.string : leaf["format"]?.string == setting.shape.rawValue ? leaf["name"]?.string : nil {
                    self.variables[key] = name
                } else {
                    self.refuse(key, path, "must be \(setting.shape == .text ? "a variable's name" : "{ name: VARIABLE, format: \(setting.shape.rawValue) }")")
                }
            case .group where leaf.members != nil: self.read(leaf, prefix: "\(key).", path)
            case .group, .ignored, .unknown: self.refuse(key, path, "is not a key that a variable can set")
            }
        }
    }

    private mutating func refuse(_ key: String, _ path: String, _ expectation: String) {
        self.problems.append(ConfigurationProblem(key: key, origin: .file(path), expectation: expectation))
    }
}
