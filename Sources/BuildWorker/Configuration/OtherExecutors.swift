/// Variables that the worker before us read and that mean nothing here.
enum OtherExecutors {
    private static let names: Set<String> = [
        "K8S_BASE_IMAGE", "K8S_DISK_LABEL", "K8S_DISK_SPEED_LABEL", "WEIGHT_K8S", "WEIGHT_K8S_VM", "WEIGHT_JENKINS",
        "K8S_EXECUTOR_EXCLUSION",
    ]
    private static let prefixes = ["K8S_VM_", "K8S_SANDBOX_", "EXECUTOR_JENKINS_"]

    /// One note for each that is set.
    static func notes(on environment: [String: String]) -> [String] {
        environment.filter { !$0.value.isEmpty }.keys.sorted().compactMap { name in
            if name == "URI" { return "URI is ignored: this worker does not announce an address of its own" }
            guard self.names.contains(name) || self.prefixes.contains(where: { name.hasPrefix($0) }) else { return nil }
            return "\(name) is ignored: it concerns executors other than k8s"
        }
    }
}
