internal import Clients
internal import Support

/// The configuration while layers are applied, lowest first.
struct ConfigurationLayers {
    private(set) var configuration = WorkerConfiguration()
    /// By key; keys that no layer set are missing.
    private(set) var origins: [String: ConfigurationOrigin] = [:]
    var problems: [ConfigurationProblem] = []
    var notes: [String] = []
    private(set) var ignored = IgnoredSettings.Found()
    /// A variable that holds a whole document may contain any secret.
    private(set) var secretVariables: Set = [NodeConfig.documentVariable]
    /// Object values from files and variables, by key: these are merged, all other values replaced.
    private var objects: [String: JSONValue] = [:]
    /// Values of derived executors. They override everything inherited from `executor.k8s`, whichever layer sets that.
    private var pending: [PendingValue] = []

    private struct PendingValue {
        let setting: Setting
        let raw: RawValue
        let origin: ConfigurationOrigin
        let place: ConfigurationOrigin
    }

    // MARK: Files

    /// - Parameter mustBeComplete: whether a missing key is a problem.
    mutating func add(file path: String, as origin: ConfigurationOrigin, mustBeComplete: Bool = false) {
        do throws(ConfigurationFile.Unreadable) {
            var seen: Set<String> = []
            if let root = try ConfigurationFile(path: path).root {
                self.add(root, prefix: "", .file(path), origin, &seen)
            }
            for setting in Setting.all where mustBeComplete && !seen.contains(setting.key) {
                self.problems.add(
                    setting.key, .file(path), "is missing here: the file belongs to another version of the worker")
            }
        } catch { self.problems.add(nil, .file(path), error.reason) }
    }

    mutating func add(document text: String, of variable: String) {
        let document: JSONValue
        do throws(JSONError) { document = try JSONValue(parsing: text) } catch { document = .null }
        guard document.members != nil else {
            return self.problems.add(
                nil, .variable(variable), "must be a JSON object with keys as in Config/default.yaml")
        }
        var seen: Set<String> = []
        self.add(document, prefix: "", .variable(variable), .variable(variable), &seen)
    }

    /// - Parameter place: the origin of problems; `origin` is that of values.
    private mutating func add(
        _ document: JSONValue, prefix: String, _ place: ConfigurationOrigin, _ origin: ConfigurationOrigin,
        _ seen: inout Set<String>
    ) {
        for member in document.members ?? [] {
            let (key, value) = (prefix + member.name, member.value)
            switch KeyTree.place(of: key) {
            case .setting(let setting):
                seen.insert(key)
                if !value.isNull { self.set(setting, to: RawValue(value), from: origin, place: place) }
            case .group:
                if value.members != nil {
                    self.add(value, prefix: "\(key).", place, origin, &seen)
                } else if !value.isNull {
                    self.problems.add(key, place, "must be a map of further keys")
                }
            case .ignored(let reason): self.ignored.add("\(key) (\(place))", reason)
            case .unknown:
                // The value is not shown: it may be a password under a misspelt key.
                let suggestion = KeyTree.suggestion(for: key).map { ". Is \($0) meant?" } ?? ""
                self.problems.add(key, place, "is not a known key\(suggestion)")
            }
        }
    }

    // MARK: Variables

    /// - Parameter further: mappings from the operator's own files; they override ours.
    mutating func add(
        _ environment: [String: String], mapped variables: [String: String], _ further: [NodeConfig.Mapping] = []
    ) {
        var known = Set(variables.values).union(NodeConfig.variables)
        for setting in Setting.known {
            guard let variable = variables[setting.key], let text = environment[variable] else { continue }
            self.set(setting, to: text, of: variable)
        }
        for mapping in further where variables[mapping.key] != mapping.variable {
            guard let text = environment[mapping.variable], !text.isEmpty else { continue }
            switch KeyTree.place(of: mapping.key) {
            case .setting(let setting):
                known.insert(mapping.variable)
                self.set(setting, to: text, of: mapping.variable)
            case .ignored: break // other keys may have meaning; those without are reported below
            case .group, .unknown:
                self.problems.add(mapping.key, .file(mapping.file), "is no key that \(mapping.variable) could set")
            }
        }
        for setting in Setting.known where setting.isCredential {
            guard let variable = variables[setting.key] else { continue }
            let name = variable + CredentialFile.suffix
            // K8S_TOKEN_FILE is a setting of its own: that file is read again when it changes.
            guard known.insert(name).inserted, let path = environment[name], !path.isEmpty else { continue }
            self.set(setting, toContentsOf: path, named: name, unless: environment[variable] ?? "", of: variable)
        }
        for name in environment.keys.sorted() where !known.contains(name) {
            if let reason = IgnoredSettings.reason(variable: name) {
                self.ignored.add(name, reason)
            } else if name.contains("_"), let meant = Spelling.nearest(to: name, in: known, within: 2) {
                self.notes.append("\(name) is not a known variable. Is \(meant) meant?")
            }
        }
    }

    private mutating func set(_ setting: Setting, to text: String, of variable: String) {
        if setting.isSecret { self.secretVariables.insert(variable) }
        self.set(setting, to: .text(text), from: .variable(variable), place: .variable(variable))
    }

    private mutating func set(
        _ setting: Setting, toContentsOf path: String, named name: String, unless value: String, of variable: String
    ) {
        let origin = ConfigurationOrigin.variable(name)
        do throws(CredentialFile.Unusable) {
            guard value.isEmpty else {
                throw CredentialFile.Unusable(
                    expectation: "must not be set where \(variable) is: which of the two counts?")
            }
            self.set(setting, to: .text(try CredentialFile(path: path).text), from: origin, place: origin)
        } catch { self.problems.add(setting.key, origin, value: path.quoted, error.expectation) }
    }

    // MARK: Values

    private mutating func set(
        _ setting: Setting, to raw: RawValue, from origin: ConfigurationOrigin, place: ConfigurationOrigin
    ) {
        var raw = self.withoutLineBreak(raw, setting, origin)
        // A blank text is empty where empty means "not set"; in a password, spaces count.
        if case .text(let text) = raw, setting.whenEmpty == .notSet,
            setting.isSecret ? text.isEmpty : text.trimmed.isEmpty
        {
            return
        }
        if origin != .default { raw = self.merged(raw, setting) }
        let value = PendingValue(setting: setting, raw: raw, origin: origin, place: place)
        if setting.derived == nil { self.apply(value) } else { self.pending.append(value) }
    }

    /// Removes one trailing newline, as left by `echo`: such a token cannot be sent, such a password is rejected.
    private mutating func withoutLineBreak(_ raw: RawValue, _ setting: Setting, _ origin: ConfigurationOrigin)
        -> RawValue
    {
        guard setting.isCredential, case .text(var text) = raw, text.last?.isNewline == true else { return raw }
        while text.last?.isNewline == true { text.removeLast() }
        let advice = "which is taken off; write it without, for example with printf and not with echo"
        self.notes.append("\(setting.key) (\(origin)) ends with a line break, \(advice)")
        return .text(text)
    }

    private mutating func merged(_ raw: RawValue, _ setting: Setting) -> RawValue {
        let object = setting.shape == .json ? raw.object.map { self.objects[setting.key]?.merging($0) ?? $0 } : nil
        self.objects[setting.key] = object
        return object.map(RawValue.document) ?? raw
    }

    private mutating func apply(_ value: PendingValue) {
        do throws(Mismatch) {
            try value.setting.apply(value.raw, &self.configuration)
            self.origins[value.setting.key] = value.origin
        } catch {
            let shown = value.setting.isSecret ? "<redacted>" : value.raw.shown
            for expectation in error.expectations {
                self.problems.add(value.setting.key, value.place, value: shown, expectation)
            }
        }
    }

    // MARK: After all layers

    /// Resolves a default status port: 0 if `httpd.port` is 0, one lower on a conflict.
    mutating func settleStatusPort() {
        guard self.origins["status.port"] ?? .default == .default else { return }
        switch self.configuration.httpd.port {
        case 0: self.configuration.status.port = 0
        case self.configuration.status.port: self.configuration.status.port -= 1
        default: break
        }
    }

    /// Derives the other executors from `executor.k8s` and their own options.
    ///
    /// - Parameter below: layers that the original ranks below its variables, which there set a key of all executors.
    mutating func settleDerived(variablesAbove below: Set<ConfigurationOrigin>) {
        let kubernetes = self.configuration.executor.kubernetes
        for plugin in ExecutorOptions.Plugin.derived {
            let values = self.pending.filter { $0.setting.derived == plugin }
            var options = kubernetes.inherited(by: plugin)
            // A token takes precedence over a token file; an inherited token must not override the executor's own file.
            if values.contains(where: { $0.setting.key.hasSuffix(".kubernetes.tokenFile") }) { options.token = nil }
            self.configuration.executor[keyPath: plugin.options] = options
            for value in values where !below.contains(value.origin) || !self.isSetByVariable(value.setting, plugin) {
                self.apply(value)
            }
            let server = self.configuration.executor.options(of: plugin).serverURL
            self.configuration.executor[keyPath: plugin.options].isOtherCluster = server != kubernetes.serverURL
        }
    }

    /// Whether the corresponding key of `executor.k8s`, which shares the variable, was set by one.
    private func isSetByVariable(_ setting: Setting, _ plugin: ExecutorOptions.Plugin) -> Bool {
        let key = setting.key.replacing("executor.\(plugin.rawValue).", with: "executor.k8s.", maxReplacements: 1)
        guard case .variable(let name)? = self.origins[key], name != NodeConfig.documentVariable else { return false }
        return Setting.overrides.contains { $0.key == setting.key }
    }
}
