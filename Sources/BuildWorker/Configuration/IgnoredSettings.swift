/// Keys and variables of the worker we succeed that mean nothing here. They are taken, with a note, so that its
/// deployments need no change.
enum IgnoredSettings {
    private static let otherExecutor = "it only concerns an executor other than k8s, k8s-sandbox and k8s-vm"
    private static let kind = "what an executor makes follows from its name"
    private static let sandbox = "of the sandbox only node selectors and its share have variables; the rest stands in a file, below executor.k8s-sandbox"
    private static let vm = "of k8s-vm only times, nodes, images and its share have variables; the rest stands in a file, below executor.k8s-vm"
    private static let unknownToVMs = "the pod of a VM has nothing of the kind"
    private static let address = "nobody is told the health server's address"

    private static let misspelt = "it was misspelt, and never heeded: buildSecretsFile is meant"
    private static let fuses = "a request is made once, and the queue tries a build again"
    private static let program = "configuration is read from YAML and JSON files, and from nothing that has to be run"

    private static let variables: [(pattern: String, reason: String)] = [
        ("K8S_VM_*", vm), ("K8S_SANDBOX_*", sandbox), ("EXECUTOR_JENKINS_*", otherExecutor), ("WEIGHT_JENKINS", otherExecutor), ("URI", address),
        ("NODE_CONFIG_PARSER", program), ("NODE_CONFIG_RUNTIME_JSON", program),
    ]

    private static let keys: [(key: String, reason: String)] = [
        ("executor.jenkins", otherExecutor), ("executor.k8s.pluginName", kind), ("executor.k8s-sandbox.pluginName", kind),
        ("executor.k8s-vm.pluginName", kind), ("httpd.uri", address), ("executor.k8s.options.kubernetes.buildSecretFile", misspelt),
    ]

    /// What is set of them, a sentence a reason.
    struct Found: Sendable {
        private var names: [(reason: String, names: [String])] = []

        mutating func add(_ name: String, _ reason: String) {
            guard let place = self.names.firstIndex(where: { $0.reason == reason }) else { return self.names.append((reason, [name])) }
            self.names[place].names.append(name)
        }

        var sentences: [String] { self.names.map { "\($0.names.joined(separator: ", ")) \($0.names.count == 1 ? "is" : "are") ignored: \($0.reason)" } }
    }

    static func reason(variable name: String) -> String? {
        self.variables.first { $0.pattern.hasSuffix("*") ? name.hasPrefix($0.pattern.dropLast()) : name == $0.pattern }?.reason
    }

    static func reason(key: String) -> String? {
        // Of any executor.
        if ["retry", "breaker.maxFailures", "breaker.resetTimeout"].contains(where: { key.hasSuffix(".options.fusebox.\($0)") }) { return self.fuses }
        if Setting.unknownToVMs.contains(key) { return self.unknownToVMs }
        return self.keys.first { key == $0.key || key.hasPrefix("\($0.key).") }?.reason
    }
}
