import BuildWorker

/// The options that a fixture's environment stands for.
///
/// Stands in for `ConfigurationLoader`: valid values only, no check, and only what shapes a pod.
func kubernetesOptions(fromEnvironment environment: [String: String]) throws -> (
    kubernetes: KubernetesOptions, ecosystem: EcosystemOptions
) {
    var options = KubernetesOptions()
    var ecosystem = EcosystemOptions()
    func set<Value>(_ property: inout Value, _ variable: String, _ convert: (String) throws -> Value) rethrows {
        if let text = environment[variable] { property = try convert(text) }
    }
    func set(_ property: inout String, _ variable: String) { set(&property, variable) { $0 } }
    func set(_ property: inout Bool, _ variable: String) { set(&property, variable) { $0 == "true" } }
    func set(_ property: inout Double, _ variable: String) { set(&property, variable) { Double($0)! } }
    func set(_ property: inout Int, _ variable: String) { set(&property, variable) { Int($0)! } }
    func set(_ property: inout [(name: String, value: String)], _ variable: String) throws {
        try set(&property, variable) { try JSONValue(parsing: $0).members!.map { ($0.name, $0.value.scalarText!) } }
    }
    func set<Item>(_ property: inout [Item], _ variable: String, _ item: (JSONValue) -> Item) throws {
        // `[{}]` is how operators say "none".
        try set(&property, variable) { try JSONValue(parsing: $0).array!.filter { $0 != [:] }.map(item) }
    }

    set(&options.jobsNamespace, "K8S_JOBS_NAMESPACE")
    set(&options.serviceAccount, "K8S_SERVICE_ACCOUNT_NAME")
    set(&options.privileged, "K8S_SECURITYCONTEXT_PRIVILEGED")
    set(&options.dnsPolicy, "K8S_POD_DNS_POLICY")
    set(&options.imagePullPolicy, "K8S_POD_IMAGE_PULL_POLICY")
    set(&options.automountServiceAccountToken, "K8S_AUTOMOUNT_SERVICE_ACCOUNT_TOKEN")
    set(&options.dockerFeatureEnabled, "DOCKER_FEATURE_ENABLED")
    set(&options.cpu.micro, "K8S_CPU_MICRO")
    set(&options.cpu.low, "K8S_CPU_LOW")
    set(&options.cpu.high, "K8S_CPU_HIGH")
    set(&options.cpu.turbo, "K8S_CPU_TURBO")
    set(&options.cpu.max, "K8S_CPU_MAX")
    set(&options.memory.micro, "K8S_MEMORY_MICRO")
    set(&options.memory.low, "K8S_MEMORY_LOW")
    set(&options.memory.high, "K8S_MEMORY_HIGH")
    set(&options.memory.turbo, "K8S_MEMORY_TURBO")
    set(&options.memory.max, "K8S_MEMORY_MAX")
    set(&options.buildTimeoutMinutes, "K8S_BUILD_TIMEOUT")
    set(&options.maxBuildTimeoutMinutes, "K8S_MAX_BUILD_TIMEOUT")
    set(&options.terminationGracePeriodSeconds, "TERMINATION_GRACE_PERIOD_SECONDS")
    try set(&options.lifecycleHooks, "K8S_LIFECYCLE_HOOKS") { try JSONValue(parsing: $0) }
    try set(&options.podLabels, "K8S_POD_LABELS")
    try set(&options.nodeSelectors, "K8S_NODE_SELECTORS")
    try set(&options.preferredNodeSelectors, "K8S_PREFERRED_NODE_SELECTORS")
    try set(&options.annotations, "K8S_ANNOTATIONS")
    set(&options.runtimeClass, "K8S_RUNTIME_CLASS")
    set(&options.imagePullSecretName, "K8S_IMAGE_PULL_SECRET_NAME")
    try set(&options.volumeMounts, "K8S_VOLUME_MOUNTS") {
        .init(
            name: $0["name"]!.string!, mountPath: $0["mountPath"]!.string!, path: $0["path"]!.string!, type: $0["type"]?.string,
            readOnly: $0["readOnly"]?.bool)
    }
    try set(&options.buildSecrets, "K8S_SECRETS") {
        .init(variable: $0["secret_env"]!.string!, secretName: $0["secret_name"]!.string!, key: $0["secret_key"]!.string!)
    }
    try set(&options.buildSecretsFile, "K8S_SECRETS_FILE") {
        .init(
            name: $0["name"]!.string!, mountPath: $0["mountPath"]!.string!, secretName: $0["secretName"]!.string!,
            readOnly: $0["readOnly"]?.bool)
    }
    set(&options.launchImage, "LAUNCH_IMAGE")
    set(&options.launchVersion, "LAUNCH_VERSION")
    set(&options.prefix, "EXECUTOR_PREFIX")
    set(&options.habitatEnabled, "SD_HAB_ENABLED")
    set(&ecosystem.ui, "ECOSYSTEM_UI")
    set(&ecosystem.api, "ECOSYSTEM_API")
    set(&ecosystem.store, "ECOSYSTEM_STORE")
    set(&ecosystem.pushgatewayURL, "ECOSYSTEM_PUSHGATEWAY_URL")
    set(&ecosystem.cache.strategy, "CACHE_STRATEGY")
    set(&ecosystem.cache.path, "CACHE_PATH")
    set(&ecosystem.cache.compress, "CACHE_COMPRESS")
    set(&ecosystem.cache.md5check, "CACHE_MD5CHECK")
    set(&ecosystem.cache.maxSizeMB, "CACHE_MAX_SIZE_MB")
    set(&ecosystem.cache.maxGoThreads, "CACHE_MAX_GO_THREADS")
    return (options, ecosystem)
}
