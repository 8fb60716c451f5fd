enum KeyTree {
    enum Place {
        case setting(Setting)
        case group
        /// A key of the original worker without meaning here.
        case ignored(reason: String)
        case unknown
    }

    static func place(of key: String) -> Place {
        // The original's router reads `exclusions`; its `exclusion` is unused.
        let key = key.hasSuffix(".exclusions") ? String(key.dropLast()) : key
        if let setting = Self.settings[key] { return .setting(setting) }
        if Self.groups.contains(key) { return .group }
        return IgnoredSettings.reason(key: key).map { .ignored(reason: $0) } ?? .unknown
    }

    private static let settings = Dictionary(uniqueKeysWithValues: Setting.known.map { ($0.key, $0) })

    /// `rabbitmq`, `executor`, `executor.k8s` …
    private static let groups = Set(
        Setting.known.flatMap { setting in
            let parts = setting.key.split(separator: ".")
            return parts.indices.dropFirst().map { parts[..<$0].joined(separator: ".") }
        })

    /// The most likely intended key: a sibling with similar spelling, or the same name elsewhere.
    static func suggestion(for key: String) -> String? {
        func parent(_ key: String) -> String { key.split(separator: ".").dropLast().joined(separator: ".") }
        let known = Self.groups.union(Self.settings.keys)
        if let near = Spelling.nearest(to: key, in: known.filter { parent($0) == parent(key) }) { return near }
        let name = key.split(separator: ".").last
        // Of duplicates, the one under `k8s`.
        let namesakes = Setting.all.map(\.key).filter { $0.split(separator: ".").last == name }
        return namesakes.min { (Spelling.distance(key, $0), $0) < (Spelling.distance(key, $1), $1) }
            ?? Spelling.nearest(to: key, in: known)
    }
}

/// Settings of the original worker without meaning here. Accepted with a note, so that deployments need no change.
enum IgnoredSettings {
    private static let otherExecutor = "it only concerns an executor other than k8s, k8s-sandbox and k8s-vm"
    private static let kind = "what an executor makes follows from its name"
    private static let address = "the health server's address is not published"
    private static let program = "configuration is read from YAML and JSON files, and from nothing that has to be run"

    /// A trailing `*` matches any suffix.
    private static let variables = [
        (
            "K8S_VM_*",
            "of k8s-vm only times, nodes, images and its share have variables; the rest stands in a file, below executor.k8s-vm"
        ),
        (
            "K8S_SANDBOX_*",
            "of the sandbox only node selectors and its share have variables; the rest stands in a file, below executor.k8s-sandbox"
        ),
        ("EXECUTOR_JENKINS_*", otherExecutor), ("WEIGHT_JENKINS", otherExecutor), ("URI", address),
        ("NODE_CONFIG_PARSER", program),
        ("NODE_CONFIG_RUNTIME_JSON", program),
    ]

    private static let keys = [
        ("executor.jenkins", otherExecutor), ("executor.k8s.pluginName", kind),
        ("executor.k8s-sandbox.pluginName", kind),
        ("executor.k8s-vm.pluginName", kind), ("httpd.uri", address),
        (
            "executor.k8s.options.kubernetes.buildSecretFile",
            "it was misspelt, and never heeded: buildSecretsFile is meant"
        ),
    ]

    /// The ignored settings that are set, one sentence per reason.
    struct Found: Sendable {
        private var names: [(reason: String, names: [String])] = []

        mutating func add(_ name: String, _ reason: String) {
            guard let place = self.names.firstIndex(where: { $0.reason == reason }) else {
                return self.names.append((reason, [name]))
            }
            self.names[place].names.append(name)
        }

        var sentences: [String] {
            self.names.map {
                "\($0.names.joined(separator: ", ")) \($0.names.count == 1 ? "is" : "are") ignored: \($0.reason)"
            }
        }
    }

    static func reason(variable name: String) -> String? {
        self.variables.first { pattern, _ in
            pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
        }?.1
    }

    static func reason(key: String) -> String? {
        if ["retry", "breaker.maxFailures", "breaker.resetTimeout"].contains(where: {
            key.hasSuffix(".options.fusebox.\($0)")
        }) {
            return "a request is made once, and the queue tries a build again"
        }
        if Setting.unknownToVMs.contains(key) { return "the pod of a VM has nothing of the kind" }
        return self.keys.first { key == $0.0 || key.hasPrefix("\($0.0).") }?.1
    }
}

/// Edit distance between words.
enum Spelling {
    /// Insertions, deletions, substitutions and transpositions of neighbours that turn one into the other.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.lowercased().utf8), Array(right.lowercased().utf8))
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var cost = min(last[j] + (left[i] == right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }

    static func nearest(to word: String, in candidates: some Sequence<String>, within limit: Int = 3) -> String? {
        candidates.filter { abs($0.utf8.count - word.utf8.count) <= limit }.map { (Self.distance(word, $0), $0) }
            .filter { $0.0 <= limit && $0.0 * 2 < word.utf8.count }.min(by: <)?.1
    }
}
