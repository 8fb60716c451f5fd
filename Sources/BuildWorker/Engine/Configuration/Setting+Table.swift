internal import Clients
internal import RabbitMQ

extension Setting {
    /// Every key that has a variable, in documentation order.
    static let all = rabbitmq + executor + kubernetes + derivedWithVariables + ecosystem + others

    /// Every key allowed in a file.
    static let known = all + overrides

    private static let rabbitmq: [Setting] = [
        Setting("rabbitmq.protocol", \.rabbitmq.transport, .word),
        Setting("rabbitmq.username", \.rabbitmq.username, .plain),
        Setting("rabbitmq.password", \.rabbitmq.password, .secret, isSecret: true),
        Setting("rabbitmq.host", \.rabbitmq.hosts, .hosts),
        Setting("rabbitmq.port", \.rabbitmq.port, .integer(1...65535)),
        Setting("rabbitmq.vhost", \.rabbitmq.vhost, .vhost, empty: .value),
        Setting("rabbitmq.connectOptions", \.rabbitmq.connectOptions, .connectOptions),
        Setting("rabbitmq.caFile", \.rabbitmq.caFile, .optionalPath, empty: .value),
        Setting("rabbitmq.certFile", \.rabbitmq.certFile, .optionalPath, empty: .value),
        Setting("rabbitmq.keyFile", \.rabbitmq.keyFile, .optionalPath, empty: .value),
        Setting("rabbitmq.managementUrl", \.rabbitmq.managementURL, .noneOrHTTPURL, empty: .value),
        Setting("rabbitmq.queue", \.rabbitmq.queue, .brokerName("a queue", upTo: 240)),
        Setting("rabbitmq.prefetchCount", \.rabbitmq.prefetchCount, .integer(1...65535)),
        Setting("rabbitmq.maxMessageBytes", \.rabbitmq.largestMessage, .integer(1024...(16 << 20))),
        Setting("rabbitmq.messageReprocessLimit", \.rabbitmq.messageReprocessLimit, .integer(0...1000)),
        Setting("rabbitmq.retryQueue", \.rabbitmq.retryQueue, .brokerName("a queue", upTo: 240)),
        Setting("rabbitmq.retryQueueEnabled", \.rabbitmq.retryQueueEnabled, .boolean),
        Setting("rabbitmq.exchange", \.rabbitmq.exchange, .brokerName("an exchange", upTo: 255)),
        Setting("rabbitmq.initTimeout", \.rabbitmq.initTimeout, .duration(.minutes, upTo: 1440)),
        Setting("rabbitmq.verifyLimit", \.rabbitmq.verifyLimit, .integer(1...1000)),
        Setting("rabbitmq.healTimeoutSeconds", \.rabbitmq.healTimeout, .duration(.seconds, upTo: 86_400, zero: true)),
        Setting("rabbitmq.retryDelaySeconds", \.rabbitmq.retryDelay, .duration(.seconds, upTo: 86_400)),
    ]

    private static let executor: [Setting] = [
        Setting("executor.plugin", \.executor.plugin, .plugin),
        Setting("executor.k8s.weightage", \.executor.share.weight, .integer(0...1_000_000)),
        Setting("executor.k8s.exclusion", \.executor.share.exclusions, .patterns),
        Setting("executor.k8s-sandbox.weightage", \.executor.sandboxShare.weight, .integer(0...1_000_000)),
        Setting("executor.k8s-sandbox.exclusion", \.executor.sandboxShare.exclusions, .patterns),
        Setting("executor.k8s-vm.weightage", \.executor.vmShare.weight, .integer(0...1_000_000)),
        Setting("executor.k8s-vm.exclusion", \.executor.vmShare.exclusions, .patterns),
        Setting("executor.k8s-vm.fallback", \.executor.vmFallback, .word),
    ]

    private static let kubernetes = Self.options(of: .k8s, \.executor.kubernetes)

    private static let derived = Self.options(of: .sandbox, \.executor.sandbox) + Self.vm

    private static let derivedWithVariables = Self.derived.filter(Self.hasVariable)

    /// Keys of derived executors without a variable; inherited if unset (``KubernetesOptions/inherited(by:)``).
    static let overrides = Self.derived.filter { !Self.hasVariable($0) }

    private static func hasVariable(_ setting: Setting) -> Bool {
        let ofBoth = ["nodeSelectors", "preferredNodeSelectors"]
        let names =
            setting.derived == .vm
            ? ofBoth + ["baseImage", "resources.disk.space", "resources.disk.speed", "buildTimeout", "maxBuildTimeout"]
            : ofBoth
        return names.contains { setting.key.hasSuffix(".kubernetes.\($0)") }
    }

    private static let vm: [Setting] =
        [
            Setting("executor.k8s-vm.options.kubernetes.baseImage", \.executor.vm, \.machine.baseImage, .imageWithTag),
            Setting(
                "executor.k8s-vm.options.kubernetes.resources.disk.space", \.executor.vm, \.machine.diskLabel,
                .labelName),
            Setting(
                "executor.k8s-vm.options.kubernetes.resources.disk.speed", \.executor.vm, \.machine.diskSpeedLabel,
                .labelName),
        ] + Self.options(of: .vm, \.executor.vm).filter { !Self.unknownToVMs.contains($0.key) }

    static let unknownToVMs = Set(
        ["sdHabEnabled"].map { "executor.k8s-vm.options.\($0)" }
            + [
                "serviceAccount", "buildToken", "privileged", "dnsPolicy", "imagePullPolicy",
                "automountServiceAccountToken", "dockerFeatureEnabled",
                "dockerImage", "rootlessDockerImage", "buildkitImage", "rootlessBuildkitFeatureEnabled",
                "lifecycleHooks", "podLabels", "annotations",
                "runtimeClass", "imagePullSecretName", "volumeMounts", "buildSecrets", "buildSecretsFile",
            ].map { "executor.k8s-vm.options.kubernetes.\($0)" })

    private static func options(
        of name: ExecutorOptions.Plugin, _ root: any WritableKeyPath<WorkerConfiguration, KubernetesOptions> & Sendable
    ) -> [Setting] {
        func option<Value: Sendable>(
            _ key: String, _ property: any WritableKeyPath<KubernetesOptions, Value> & Sendable,
            _ format: ValueFormat<Value>,
            empty: WhenEmpty = .notSet, isSecret: Bool = false
        ) -> Setting {
            Setting(
                "executor.\(name.rawValue).options.\(key)", root, property, format, empty: empty, isSecret: isSecret)
        }
        return [
            option("launchImage", \.launchImage, .image),
            option("launchVersion", \.launchVersion, .tag),
            option("prefix", \.prefix, .podPrefix, empty: .value),
            option("fusebox.breaker.timeout", \.requestTimeout, .duration(.milliseconds, upTo: 600_000)),
            option(
                "requestretry.retryDelay", \.requestRetryDelay,
                .duration(.milliseconds, upTo: 600_000, zero: true)),
            option("requestretry.maxAttempts", \.requestMaxAttempts, .integer(1...100)),
            option("sdHabEnabled", \.habitatEnabled, .boolean),
            option("kubernetes.host", \.host, .serverAddress),
            option("kubernetes.token", \.token, .bearerToken, empty: .value, isSecret: true),
            option("kubernetes.tokenFile", \.tokenFile, .path),
            option("kubernetes.caFile", \.caFile, .optionalPath, empty: .value),
            option("kubernetes.clientCertFile", \.clientCertFile, .optionalPath, empty: .value),
            option("kubernetes.clientKeyFile", \.clientKeyFile, .optionalPath, empty: .value),
            option("kubernetes.proxy", \.proxy, .proxy, empty: .value, isSecret: true),
            option("kubernetes.jobsNamespace", \.jobsNamespace, .dnsLabel),
            option("kubernetes.serviceAccount", \.serviceAccount, .dnsSubdomain()),
            option("kubernetes.buildToken", \.buildToken, .word),
            option("kubernetes.privileged", \.privileged, .boolean),
            option(
                "kubernetes.dnsPolicy", \.dnsPolicy,
                .oneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")),
            option("kubernetes.imagePullPolicy", \.imagePullPolicy, .oneOf("Always", "IfNotPresent", "Never")),
            option("kubernetes.automountServiceAccountToken", \.automountServiceAccountToken, .boolean),
            option("kubernetes.dockerFeatureEnabled", \.dockerFeatureEnabled, .boolean),
            option("kubernetes.dockerImage", \.dockerImage, .imageWithTag),
            option("kubernetes.rootlessDockerImage", \.rootlessDockerImage, .imageWithTag),
            option("kubernetes.buildkitImage", \.buildkitImage, .imageWithTag),
            option("kubernetes.rootlessBuildkitFeatureEnabled", \.rootlessBuildkitFeatureEnabled, .boolean),
            option("kubernetes.resources.cpu.micro", \.cpu.micro, .size("cores")),
            option("kubernetes.resources.cpu.low", \.cpu.low, .size("cores")),
            option("kubernetes.resources.cpu.high", \.cpu.high, .size("cores")),
            option("kubernetes.resources.cpu.turbo", \.cpu.turbo, .size("cores")),
            option("kubernetes.resources.cpu.max", \.cpu.max, .size("cores")),
            option("kubernetes.resources.memory.micro", \.memory.micro, .size("GB")),
            option("kubernetes.resources.memory.low", \.memory.low, .size("GB")),
            option("kubernetes.resources.memory.high", \.memory.high, .size("GB")),
            option("kubernetes.resources.memory.turbo", \.memory.turbo, .size("GB")),
            option("kubernetes.resources.memory.max", \.memory.max, .size("GB")),
            option("kubernetes.buildTimeout", \.buildTimeoutMinutes, .positive(upTo: 525_600, unit: "min")),
            option("kubernetes.maxBuildTimeout", \.maxBuildTimeoutMinutes, .positive(upTo: 525_600, unit: "min")),
            option(
                "kubernetes.terminationGracePeriodSeconds", \.terminationGracePeriodSeconds,
                .integer(0...86_400, unit: "s")),
            option("kubernetes.lifecycleHooks", \.lifecycleHooks, .lifecycleHooks),
            option(
                "kubernetes.podLabels", \.podLabels,
                .map(reserved: [
                    "sdbuild":
                        "\"sdbuild\" must not be set: it holds the build's id, and the worker finds and deletes a build's pods by it"
                ])),
            option("kubernetes.nodeSelectors", \.nodeSelectors, .map(values: .labelValue)),
            option("kubernetes.preferredNodeSelectors", \.preferredNodeSelectors, .map(values: .labelValue)),
            option("kubernetes.annotations", \.annotations, .map()),
            option("kubernetes.runtimeClass", \.runtimeClass, .dnsSubdomain(orEmpty: true), empty: .value),
            option(
                "kubernetes.imagePullSecretName", \.imagePullSecretName, .dnsSubdomain(orEmpty: true), empty: .value),
            option("kubernetes.volumeMounts", \.volumeMounts, .volumeMounts),
            option(
                "kubernetes.podStatusQueryDelay", \.podStatusQueryDelay,
                .duration(.milliseconds, upTo: 300_000, zero: true)),
            option("kubernetes.buildSecrets", \.buildSecrets, .secretVariables),
            option("kubernetes.buildSecretsFile", \.buildSecretsFile, .secretFiles),
        ]
    }

    private static let ecosystem: [Setting] = [
        Setting("ecosystem.ui", \.ecosystem.ui, .httpURL),
        Setting("ecosystem.api", \.ecosystem.api, .httpURL),
        Setting("ecosystem.caFile", \.ecosystem.caFile, .optionalPath, empty: .value),
        Setting("ecosystem.proxy", \.ecosystem.proxy, .proxy, empty: .value, isSecret: true),
        Setting("ecosystem.apiPatience", \.ecosystem.apiPatience, .duration(.minutes, upTo: 525_600)),
        Setting("ecosystem.apiHosts", \.ecosystem.apiHosts, .hostPatterns, empty: .value),
        Setting("ecosystem.store", \.ecosystem.store, .httpURL),
        Setting("ecosystem.pushgatewayUrl", \.ecosystem.pushgatewayURL, .optionalHTTPURL, empty: .value),
        Setting("ecosystem.cache.strategy", \.ecosystem.cache.strategy, .oneOf("s3", "disk")),
        Setting("ecosystem.cache.path", \.ecosystem.cache.path, .plain),
        Setting("ecosystem.cache.compress", \.ecosystem.cache.compress, .boolean),
        Setting("ecosystem.cache.md5check", \.ecosystem.cache.md5check, .boolean),
        Setting("ecosystem.cache.max_size_mb", \.ecosystem.cache.maxSizeMB, .integer(0...1_000_000_000, unit: "MB")),
        Setting("ecosystem.cache.max_go_threads", \.ecosystem.cache.maxGoThreads, .integer(1...10_000_000)),
    ]

    private static let others: [Setting] = [
        Setting("httpd.port", \.httpd.port, .integer(0...65535)),
        Setting("httpd.host", \.httpd.host, .listenAddress),
        Setting("status.port", \.status.port, .integer(0...65535)),
        Setting("status.host", \.status.host, .listenAddress),
        Setting("status.hosts", \.statusHosts, .hostNames, empty: .value),
        Setting("log.format", \.log.format, .word),
        Setting("log.level", \.log.level, .word),
        Setting("concurrency.start", \.concurrency.start, .integer(0...65535)),
        Setting("concurrency.stop", \.concurrency.stop, .integer(0...65535)),
        Setting("concurrency.verify", \.concurrency.verify, .integer(0...65535)),
        Setting("concurrency.clear", \.concurrency.clear, .integer(0...65535)),
        Setting("metrics.statsd.host", \.metrics.statsdHost, .plain, empty: .value),
        Setting("metrics.statsd.port", \.metrics.statsdPort, .integer(1...65535)),
        Setting("metrics.statsd.prefix", \.metrics.statsdPrefix, .plain, empty: .value),
        Setting("janitor.intervalSeconds", \.janitor.interval, .duration(.seconds, upTo: 86_400)),
        Setting("janitor.podTTL", \.janitor.podTTL, .duration(.minutes, upTo: 525_600, zero: true)),
        Setting("reports.keepDays", \.janitor.reportDays, .integer(1...3650)),
        Setting("events.exchange", \.events.exchange, .brokerName("an exchange", upTo: 255), empty: .value),
        Setting("hook.command", \.hook.command, .command, empty: .value),
        Setting("hook.events", \.hook.events, .topicPatterns),
        Setting("spool.directory", \.spoolDirectory, .path),
        Setting("spool.attempts", \.spoolJobs.attempts, .integer(1...1000)),
        Setting("spool.retryIntervalSeconds", \.spoolJobs.retryInterval, .duration(.seconds, upTo: 86_400)),
        Setting("spool.timeLimitSeconds", \.spoolJobs.timeLimit, .duration(.seconds, upTo: 86_400)),
        Setting("drainTimeoutSeconds", \.drainTimeout, .duration(.seconds, upTo: 3600)),
    ]
}

extension ValueFormat where Value == Double {
    fileprivate static func size(_ unit: String) -> ValueFormat { .positive(upTo: 100_000, unit: unit) }
}
