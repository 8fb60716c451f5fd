extension ConfigurationKey {
    static let rabbitmq: [ConfigurationKey] = [
        .init("rabbitmq.protocol", .choice, \.rabbitmq.transport),
        .init("rabbitmq.username", .text, \.rabbitmq.username),
        .init("rabbitmq.password", .secret, \.rabbitmq.password, isSecret: true),
        .init("rabbitmq.host", .hosts, \.rabbitmq.hosts),
        .init("rabbitmq.port", .integer(1...65535), \.rabbitmq.port),
        .init("rabbitmq.vhost", .virtualHost, \.rabbitmq.vhost, takesEmptyText: true),
        .init("rabbitmq.connectOptions", ConnectOptions.kind, \.connectOptions),
        .init("rabbitmq.caFile", ValueKind<String>.text.optional, \.rabbitmq.caFile),
        .init("rabbitmq.queue", .queue, \.rabbitmq.queue),
        .init("rabbitmq.prefetchCount", .integer(1...65535), \.rabbitmq.prefetchCount),
        .init("rabbitmq.messageReprocessLimit", .integer(0...1000), \.rabbitmq.messageReprocessLimit),
        .init("rabbitmq.retryQueue", .queue, \.rabbitmq.retryQueue),
        .init("rabbitmq.retryQueueEnabled", .boolean, \.rabbitmq.retryQueueEnabled),
        .init("rabbitmq.exchange", .queue, \.rabbitmq.exchange),
        .init("rabbitmq.initTimeout", .minutes(upTo: 10080), \.rabbitmq.initTimeout),
        .init("rabbitmq.verifyLimit", .integer(1...1000), \.rabbitmq.verifyLimit),
        .init("rabbitmq.retryDelaySeconds", .seconds(upTo: 604_800), \.rabbitmq.retryDelay),
    ]

    static let executor: [ConfigurationKey] = [
        .init("executor.plugin", .plugin, \.executor.plugin),
        .kubernetes("host", .server, \.executor.kubernetes.host),
        .kubernetes("token", ValueKind<Secret>.token.optional, \.executor.kubernetes.token, isSecret: true),
        .kubernetes("tokenFile", .text, \.executor.kubernetes.tokenFile),
        .kubernetes("caFile", .text, \.executor.kubernetes.caFile),
        .kubernetes("jobsNamespace", .label, \.executor.kubernetes.jobsNamespace),
        .kubernetes("serviceAccount", .subdomain, \.executor.kubernetes.serviceAccount),
        .options("launchImage", .word, \.executor.kubernetes.launchImage),
        .options("launchVersion", .word, \.executor.kubernetes.launchVersion),
        .options("prefix", .podPrefix, \.executor.kubernetes.prefix, takesEmptyText: true),
        .options("fusebox.breaker.timeout", .milliseconds(1...3_600_000), \.executor.kubernetes.requestTimeout),
        .options("requestretry.retryDelay", .milliseconds(0...3_600_000), \.executor.kubernetes.requestRetryDelay),
        .options("requestretry.maxAttempts", .integer(1...100), \.executor.kubernetes.requestMaxAttempts),
        .options("sdHabEnabled", .boolean, \.executor.kubernetes.habitatEnabled),
    ]

    static let ecosystem: [ConfigurationKey] = [
        .init("ecosystem.ui", .url, \.ecosystem.ui),
        .init("ecosystem.api", .url, \.ecosystem.api),
        .init("ecosystem.store", .url, \.ecosystem.store),
        .init("ecosystem.pushgatewayUrl", .optionalURL, \.ecosystem.pushgatewayURL, takesEmptyText: true),
        .init("ecosystem.cache.strategy", .oneOf("s3", "disk"), \.ecosystem.cache.strategy),
        .init("ecosystem.cache.path", .text, \.ecosystem.cache.path),
        .init("ecosystem.cache.compress", .boolean, \.ecosystem.cache.compress),
        .init("ecosystem.cache.md5check", .boolean, \.ecosystem.cache.md5check),
        .init("ecosystem.cache.max_size_mb", .integer(0...1_000_000_000), \.ecosystem.cache.maxSizeMB),
        .init("ecosystem.cache.max_go_threads", .integer(1...1_000_000), \.ecosystem.cache.maxGoThreads),
    ]

    static let process: [ConfigurationKey] = [
        .init("httpd.port", .integer(0...65535), \.httpd.port),
        .init("httpd.host", .listenAddress, \.httpd.host),
        .init("log.format", .choice, \.log.format),
        .init("log.level", .choice, \.log.level),
        .init("drainTimeoutSeconds", .seconds(upTo: 86400), \.drainTimeout),
    ]
}
