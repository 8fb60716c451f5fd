/// Keys and variables of the worker we succeed that mean nothing here. They are taken, with a note, so that its
/// deployments need no change.
enum IgnoredSettings {
    private static let otherExecutor = "it only concerns an executor other than k8s, k8s-sandbox and k8s-vm"
    private static let kind = "what an executor makes follows from its name"
    private static let sandbox = "of the sandbox only node selectors and its share have variables; the rest stands in a file, below executor.k8s-sandbox"
    private static let vm = "of k8s-vm only times, nodes, images and its share have variables; the rest stands in a file, below executor.k8s-vm"
    private static let unknownToVMs = "the pod of a VM has nothing of the kind"
    private static let address = "nobody is told the health server's address"

    private static let variables: [(pattern: String, reason: String)] = [
        ("K8S_VM_*", vm), ("K8S_SANDBOX_*", sandbox), ("EXECUTOR_JENKINS_*", otherExecutor), ("WEIGHT_JENKINS", otherExecutor), ("URI", address),
    ]

    private static let keys: [(key: String, reason: String)] = [
        ("executor.jenkins", otherExecutor), ("executor.k8s.pluginName", kind), ("executor.k8s-sandbox.pluginName", kind),
        ("executor.k8s-vm.pluginName", kind), ("httpd.uri", address),
    ]

    static func reason(variable name: String) -> String? {
        self.variables.first { $0.pattern.hasSuffix("*") ? name.hasPrefix($0.pattern.dropLast()) : name == $0.pattern }?.reason
    }

    static func reason(key: String) -> String? {
        Setting.unknownToVMs.contains(key) ? Self.unknownToVMs : self.keys.first { $0.key == key }?.reason
    }
}
