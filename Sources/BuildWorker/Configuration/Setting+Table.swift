extension Setting {
    /// Every key there is, in the order in which it is documented.
    static let all = rabbitmq + executor + kubernetes + ecosystem + others

    private static let rabbitmq: [Setting] = [
        Setting("rabbitmq.protocol", \.rabbitmq.transport, .word),
        Setting("rabbitmq.username", \.rabbitmq.username, .plain),
        Setting("rabbitmq.password", \.rabbitmq.password, .secret, isSecret: true),
        Setting("rabbitmq.host", \.rabbitmq.hosts, .hosts),
        Setting("rabbitmq.port", \.rabbitmq.port, .integer(1...65535)),
        Setting("rabbitmq.vhost", \.rabbitmq.vhost, .vhost, empty: .value),
        Setting("rabbitmq.connectOptions", \.rabbitmq.connectOptions, .connectOptions),
        Setting("rabbitmq.caFile", \.rabbitmq.caFile, .optionalPath, empty: .value),
        Setting("rabbitmq.queue", \.rabbitmq.queue, .brokerName("a queue", upTo: 240)),
        Setting("rabbitmq.prefetchCount", \.rabbitmq.prefetchCount, .integer(1...65535)),
        Setting("rabbitmq.messageReprocessLimit", \.rabbitmq.messageReprocessLimit, .integer(0...1000)),
        Setting("rabbitmq.retryQueue", \.rabbitmq.retryQueue, .brokerName("a queue", upTo: 240)),
        Setting("rabbitmq.retryQueueEnabled", \.rabbitmq.retryQueueEnabled, .boolean),
        Setting("rabbitmq.exchange", \.rabbitmq.exchange, .brokerName("an exchange", upTo: 255)),
        Setting("rabbitmq.initTimeout", \.rabbitmq.initTimeout, .duration(.minutes, upTo: 1440)),
        Setting("rabbitmq.verifyLimit", \.rabbitmq.verifyLimit, .integer(1...1000)),
        Setting("rabbitmq.retryDelaySeconds", \.rabbitmq.retryDelay, .duration(.seconds, upTo: 86_400)),
    ]

    private static let executor: [Setting] = [
        Setting("executor.plugin", \.executor.plugin, .plugin),
        Setting("executor.k8s.options.launchImage", \.executor.kubernetes.launchImage, .image),
        Setting("executor.k8s.options.launchVersion", \.executor.kubernetes.launchVersion, .tag),
        Setting("executor.k8s.options.prefix", \.executor.kubernetes.prefix, .podPrefix, empty: .value),
        Setting("executor.k8s.options.fusebox.breaker.timeout", \.executor.kubernetes.requestTimeout, .duration(.milliseconds, upTo: 600_000)),
        Setting(
            "executor.k8s.options.requestretry.retryDelay", \.executor.kubernetes.requestRetryDelay,
            .duration(.milliseconds, upTo: 600_000, zero: true)),
        Setting("executor.k8s.options.requestretry.maxAttempts", \.executor.kubernetes.requestMaxAttempts, .integer(1...100)),
        Setting("executor.k8s.options.sdHabEnabled", \.executor.kubernetes.habitatEnabled, .boolean),
    ]

    private static let kubernetes: [Setting] = [
        cluster("host", \.executor.kubernetes.host, .serverAddress),
        cluster("token", \.executor.kubernetes.token, .bearerToken, empty: .value, isSecret: true),
        cluster("tokenFile", \.executor.kubernetes.tokenFile, .path),
        cluster("caFile", \.executor.kubernetes.caFile, .path),
        cluster("jobsNamespace", \.executor.kubernetes.jobsNamespace, .dnsLabel),
        cluster("serviceAccount", \.executor.kubernetes.serviceAccount, .dnsSubdomain()),
        cluster("privileged", \.executor.kubernetes.privileged, .boolean),
        cluster("dnsPolicy", \.executor.kubernetes.dnsPolicy, .oneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")),
        cluster("imagePullPolicy", \.executor.kubernetes.imagePullPolicy, .oneOf("Always", "IfNotPresent", "Never")),
        cluster("automountServiceAccountToken", \.executor.kubernetes.automountServiceAccountToken, .boolean),
        cluster("dockerFeatureEnabled", \.executor.kubernetes.dockerFeatureEnabled, .boolean),
        cluster("resources.cpu.micro", \.executor.kubernetes.cpu.micro, .size("cores")),
        cluster("resources.cpu.low", \.executor.kubernetes.cpu.low, .size("cores")),
        cluster("resources.cpu.high", \.executor.kubernetes.cpu.high, .size("cores")),
        cluster("resources.cpu.turbo", \.executor.kubernetes.cpu.turbo, .size("cores")),
        cluster("resources.cpu.max", \.executor.kubernetes.cpu.max, .size("cores")),
        cluster("resources.memory.micro", \.executor.kubernetes.memory.micro, .size("GB")),
        cluster("resources.memory.low", \.executor.kubernetes.memory.low, .size("GB")),
        cluster("resources.memory.high", \.executor.kubernetes.memory.high, .size("GB")),
        cluster("resources.memory.turbo", \.executor.kubernetes.memory.turbo, .size("GB")),
        cluster("resources.memory.max", \.executor.kubernetes.memory.max, .size("GB")),
        cluster("buildTimeout", \.executor.kubernetes.buildTimeoutMinutes, .positive(upTo: 525_600, unit: "min")),
        cluster("maxBuildTimeout", \.executor.kubernetes.maxBuildTimeoutMinutes, .positive(upTo: 525_600, unit: "min")),
        cluster("terminationGracePeriodSeconds", \.executor.kubernetes.terminationGracePeriodSeconds, .integer(0...86_400, unit: "s")),
        cluster("lifecycleHooks", \.executor.kubernetes.lifecycleHooks, .lifecycleHooks),
        cluster(
            "podLabels", \.executor.kubernetes.podLabels,
            .map(reserved: ["sdbuild": "\"sdbuild\" must not be set: it holds the build's id, and the worker finds and deletes a build's pods by it"])),
        cluster("nodeSelectors", \.executor.kubernetes.nodeSelectors, .map(values: .labelValue)),
        cluster("preferredNodeSelectors", \.executor.kubernetes.preferredNodeSelectors, .map(values: .labelValue)),
        cluster("annotations", \.executor.kubernetes.annotations, .map()),
        cluster("runtimeClass", \.executor.kubernetes.runtimeClass, .dnsSubdomain(orEmpty: true), empty: .value),
        cluster("imagePullSecretName", \.executor.kubernetes.imagePullSecretName, .dnsSubdomain(orEmpty: true), empty: .value),
        cluster("volumeMounts", \.executor.kubernetes.volumeMounts, .volumeMounts),
        cluster("podStatusQueryDelay", \.executor.kubernetes.podStatusQueryDelay, .duration(.milliseconds, upTo: 300_000, zero: true)),
        cluster("buildSecrets", \.executor.kubernetes.buildSecrets, .secretVariables),
        cluster("buildSecretsFile", \.executor.kubernetes.buildSecretsFile, .secretFiles),
    ]

    private static let ecosystem: [Setting] = [
        Setting("ecosystem.ui", \.ecosystem.ui, .httpURL),
        Setting("ecosystem.api", \.ecosystem.api, .httpURL),
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

    /// A key below `executor.k8s.options.kubernetes`.
    private static func cluster<Value: Sendable>(
        _ key: String, _ property: any WritableKeyPath<WorkerConfiguration, Value> & Sendable, _ format: ValueFormat<Value>,
        empty: WhenEmpty = .notSet, isSecret: Bool = false
    ) -> Setting {
        Setting("executor.k8s.options.kubernetes.\(key)", property, format, empty: empty, isSecret: isSecret)
    }
}

extension ValueFormat where Value == Double {
    /// Of a pod's resources.
    fileprivate static func size(_ unit: String) -> ValueFormat { .positive(upTo: 100_000, unit: unit) }
}
