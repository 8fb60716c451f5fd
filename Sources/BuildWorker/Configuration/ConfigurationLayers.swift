internal import Yams

/// A configuration while layers are put onto it, from the lowest to the highest.
struct ConfigurationLayers {
    private(set) var configuration = WorkerConfiguration()
    /// By key; a key that no layer set has none.
    private(set) var origins: [String: ConfigurationOrigin] = [:]
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var notes: [String] = []
    /// What is said of the other executors: it counts above all that is said of `executor.k8s`, wherever that is said.
    private var ofDerived: [Said] = []

    private struct Said {
        let setting: Setting
        let raw: RawValue
        let origin: ConfigurationOrigin
        let problemOrigin: ConfigurationOrigin?
    }

    mutating func add(_ problem: ConfigurationProblem) { self.problems.append(problem) }
    mutating func add(note: String) { self.notes.append(note) }

    // MARK: Files

    /// - Parameters:
    ///   - origin: how values of the file are labelled.
    ///   - mustBeComplete: whether a key that is not there is a problem.
    mutating func add(file path: String, as origin: ConfigurationOrigin, mustBeComplete: Bool = false) {
        do throws(YAMLFile.Unreadable) {
            var seen: Set<String> = []
            if let root = try YAMLFile(path: path).root { self.add(root, prefix: "", path, origin, &seen) }
            for setting in Setting.all where mustBeComplete && !seen.contains(setting.key) {
                self.refuse(setting.key, path, "is missing here: the file belongs to another version of the worker")
            }
        } catch { self.add(ConfigurationProblem(key: nil, origin: .file(path), expectation: error.reason)) }
    }

    private mutating func add(_ mapping: Node.Mapping, prefix: String, _ path: String, _ origin: ConfigurationOrigin, _ seen: inout Set<String>) {
        for (name, node) in mapping {
            let key = prefix + (name.scalar?.string ?? "?")
            switch KeyTree.place(of: key) {
            case .setting(let setting):
                seen.insert(key)
                if !node.isNothing { self.set(setting, to: node.rawValue, from: origin, problemOrigin: .file(path)) }
            case .group:
                switch node {
                case .mapping(let inner): self.add(inner, prefix: "\(key).", path, origin, &seen)
                case .scalar, .sequence, .alias: if !node.isNothing { self.refuse(key, path, "must be a map of further keys") }
                }
            case .ignored(let reason): self.add(note: "\(key) in \(path) is ignored: \(reason)")
            case .unknown:
                // The value is not shown: this may be a password below a misspelt key.
                let suggestion = KeyTree.suggestion(for: key).map { ". Is \($0) meant?" } ?? ""
                self.refuse(key, path, "is not a known key\(suggestion)")
            }
        }
    }

    private mutating func refuse(_ key: String, _ path: String, _ expectation: String) {
        self.add(ConfigurationProblem(key: key, origin: .file(path), expectation: expectation))
    }

    // MARK: Variables

    mutating func add(_ environment: [String: String], mapped variables: [String: String]) {
        var known = Set(variables.values)
        for setting in Setting.known {
            guard let variable = variables[setting.key], let text = environment[variable] else { continue }
            self.set(setting, to: .text(text), from: .variable(variable))
        }
        for setting in Setting.known where setting.isCredential {
            guard let variable = variables[setting.key] else { continue }
            let name = variable + CredentialFile.suffix
            // K8S_TOKEN_FILE is a setting itself: that file is read again when it changes.
            guard known.insert(name).inserted, let path = environment[name], !path.isEmpty else { continue }
            self.set(setting, toContentsOf: path, named: name, unless: environment[variable] ?? "", of: variable)
        }
        for name in environment.keys.sorted() where !known.contains(name) {
            if let reason = IgnoredSettings.reason(variable: name) {
                self.add(note: "\(name) is ignored: \(reason)")
            } else if name.contains("_"), let meant = Spelling.nearest(to: name, in: known, within: 2) {
                self.add(note: "\(name) is not a known variable. Is \(meant) meant?")
            }
        }
    }

    private mutating func set(_ setting: Setting, toContentsOf path: String, named name: String, unless value: String, of variable: String) {
        func refuse(_ expectation: String) {
            self.add(ConfigurationProblem(key: setting.key, origin: .variable(name), value: path.quoted, expectation: expectation))
        }
        guard value.isEmpty else { return refuse("must not be set where \(variable) is: which of the two counts?") }
        do throws(CredentialFile.Unusable) {
            self.set(setting, to: .text(try CredentialFile(path: path).text), from: .variable(name))
        } catch { refuse(error.expectation) }
    }

    // MARK: Values

    /// - Parameter problemOrigin: where a problem is, if that is not how the value is labelled.
    private mutating func set(
        _ setting: Setting, to raw: RawValue, from origin: ConfigurationOrigin, problemOrigin: ConfigurationOrigin? = nil
    ) {
        // Blank is as good as empty where empty says nothing; spaces in a password count.
        if case .text(let text) = raw, setting.whenEmpty == .notSet, setting.isSecret ? text.isEmpty : text.trimmed.isEmpty { return }
        guard setting.derived == nil else { return self.ofDerived.append(Said(setting: setting, raw: raw, origin: origin, problemOrigin: problemOrigin)) }
        self.apply(setting, raw, origin, problemOrigin)
    }

    /// Call it when all layers are on: the other executors have what `executor.k8s` has, and on top what is said of themselves.
    mutating func settleDerived() {
        let kubernetes = self.configuration.executor.kubernetes
        for plugin in ExecutorOptions.Plugin.derived {
            let said = self.ofDerived.filter { $0.setting.derived == plugin }
            var options = kubernetes.inherited(by: plugin)
            // A token goes before a file; the one of k8s must not go before the executor's own file.
            if said.contains(where: { $0.setting.key.hasSuffix(".kubernetes.tokenFile") }) { options.token = nil }
            self.configuration.executor[keyPath: plugin.options] = options
            for said in said { self.apply(said.setting, said.raw, said.origin, said.problemOrigin) }
            let server = self.configuration.executor.options(of: plugin).serverURL
            self.configuration.executor[keyPath: plugin.options].isOtherCluster = server != kubernetes.serverURL
        }
    }

    private mutating func apply(_ setting: Setting, _ raw: RawValue, _ origin: ConfigurationOrigin, _ problemOrigin: ConfigurationOrigin?) {
        do throws(Mismatch) {
            try setting.apply(raw, &self.configuration)
            self.origins[setting.key] = origin
        } catch {
            for expectation in error.expectations {
                self.add(
                    ConfigurationProblem(
                        key: setting.key, origin: problemOrigin ?? origin, value: setting.isSecret ? "<redacted>" : raw.shown, expectation: expectation))
            }
        }
    }
}
