/// Layers as they are laid upon each other. Each value is checked in its own layer, also where a later one covers it.
struct ConfigurationLayers {
    private let keys: [ConfigurationKey]
    private(set) var configuration = WorkerConfiguration()
    private(set) var problems: [ConfigurationProblem] = []
    private var variables: [String: String] = [:]
    private var effective: [String: (value: JSONValue, origin: String)] = [:]
    private var failed: Set<String> = []

    init(keys: [ConfigurationKey]) { self.keys = keys }

    mutating func addFile(_ path: String, shownAs origin: String) {
        guard let tree = self.tree(path) else { return }
        for key in self.keys {
            guard let value = tree.values[key.path], !value.isNull else { continue }
            self.apply(key, value, origin: origin, place: path)
        }
    }

    mutating func addEnvironment(_ environment: [String: String], mapping path: String) {
        guard let tree = self.tree(path) else { return }
        var users: [String: String] = [:]
        for key in self.keys {
            guard let variable = tree.values[key.path]?.string, !variable.isEmpty else {
                self.add(key.path, path, nil, "the name of a variable is missing")
                continue
            }
            if let other = users.updateValue(key.path, forKey: variable) {
                self.add(key.path, path, variable, "\(other) has this variable already")
            }
            self.variables[key.path] = variable
            guard let text = environment[variable], !text.isEmpty || key.takesEmptyText else { continue }
            self.apply(key, .string(text), origin: "environment", place: variable)
        }
    }

    /// Rules that concern more than one key.
    mutating func checkTogether() {
        if self.configuration.rabbitmq.transport == .amqps, self.configuration.rabbitmq.caFile == nil {
            self.require("rabbitmq.caFile", "the path of a PEM file is needed because rabbitmq.protocol is amqps")
        }
        let cache = self.configuration.ecosystem.cache
        if cache.strategy == "disk", !cache.path.hasPrefix("/") || cache.path.split(separator: "/").contains("..") {
            self.require("ecosystem.cache.path", "an absolute path without '..' is needed because ecosystem.cache.strategy is disk")
        }
    }

    var report: ConfigurationReport {
        ConfigurationReport(
            rows: self.keys.map { key in
                let found = self.effective[key.path]
                return ConfigurationReport.Row(
                    key: key.path, variable: self.variables[key.path] ?? "",
                    value: found.map { DisplayedValue.text($0.value, isSecret: key.isSecret) }, origin: found?.origin ?? "default")
            })
    }

    private mutating func tree(_ path: String) -> KeyTree? {
        do throws(ConfigurationError) {
            let tree = KeyTree(try ConfigurationFile.read(path), origin: path, keys: self.keys.map(\.path))
            self.problems += tree.problems
            return tree
        } catch {
            self.problems += error.problems
            return nil
        }
    }

    private mutating func apply(_ key: ConfigurationKey, _ value: JSONValue, origin: String, place: String) {
        self.effective[key.path] = (value, origin)
        do throws(Mismatch) {
            try key.apply(value, &self.configuration)
            self.failed.remove(key.path)
        } catch {
            self.failed.insert(key.path)
            let shown = DisplayedValue.text(value, isSecret: key.isSecret)
            for expectation in error.expectations { self.add(key.path, place, shown, expectation) }
        }
    }

    /// A problem of a key that another one needs; not where its own value is a problem already.
    private mutating func require(_ key: String, _ expectation: String) {
        guard !self.failed.contains(key) else { return }
        let value = self.effective[key].map { DisplayedValue.text($0.value, isSecret: false) }
        self.add(key, self.variables[key] ?? key, value, expectation)
    }

    private mutating func add(_ key: String, _ origin: String, _ value: String?, _ expectation: String) {
        self.problems.append(ConfigurationProblem(key: key, origin: origin, value: value, expectation: expectation))
    }
}
