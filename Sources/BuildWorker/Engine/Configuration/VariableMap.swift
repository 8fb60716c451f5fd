internal import Support

/// Maps variables to keys, from `Config/environment.yaml`. A leaf is a variable name, or `{ name: X, format: json }`.
struct VariableMap {
    private(set) var variables: [String: String] = [:]
    private(set) var problems: [ConfigurationProblem] = []

    init(path: String) {
        let file = ConfigurationOrigin.file(path)
        do throws(ConfigurationFile.Unreadable) {
            if let root = try ConfigurationFile(path: path).root { self.read(root, prefix: "", file) }
        } catch {
            self.problems.add(nil, file, error.reason)
            return
        }
        for setting in Setting.all
        where self.variables[setting.key] == nil && !self.problems.contains(where: { $0.key == setting.key }) {
            self.problems.add(
                setting.key, file, "has no variable here: the file belongs to another version of the worker")
        }
        for (name, keys) in Dictionary(grouping: self.variables, by: \.value).filter({ $1.count > 1 }) {
            let keys = keys.map(\.key).sorted()
            self.problems.add(keys[0], file, "\(name) must not also set \(keys.dropFirst().joined(separator: ", "))")
        }
    }

    private mutating func read(_ document: JSONValue, prefix: String, _ file: ConfigurationOrigin) {
        for member in document.members ?? [] {
            let (key, leaf) = (prefix + member.name, member.value)
            switch KeyTree.place(of: key) {
            case .setting(let setting):
                let (shape, isText) = (setting.shape.rawValue, setting.shape == .text)
                if let name = isText && leaf.string != nil
                    ? leaf.string : leaf["format"]?.string == shape ? leaf["name"]?.string : nil
                {
                    self.variables[key] = name
                } else {
                    self.problems.add(
                        key, file, "must be \(isText ? "a variable's name" : "{ name: VARIABLE, format: \(shape) }")")
                }
            case .group where leaf.members != nil: self.read(leaf, prefix: "\(key).", file)
            case .group, .ignored, .unknown: self.problems.add(key, file, "is not a key that a variable can set")
            }
        }
    }
}
