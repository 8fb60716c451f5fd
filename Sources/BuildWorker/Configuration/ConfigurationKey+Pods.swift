/// What shapes a pod: `executor.k8s.options.kubernetes.*`.
extension ConfigurationKey {
    static let resources: [ConfigurationKey] =
        sizes("cpu", "cores", \.executor.kubernetes.cpu) + sizes("memory", "GB", \.executor.kubernetes.memory) + [
            .kubernetes("buildTimeout", .positive(upTo: 525_600, "minutes"), \.executor.kubernetes.buildTimeoutMinutes),
            .kubernetes("maxBuildTimeout", .positive(upTo: 525_600, "minutes"), \.executor.kubernetes.maxBuildTimeoutMinutes),
            .kubernetes(
                "terminationGracePeriodSeconds", .integer(0...86400), \.executor.kubernetes.terminationGracePeriodSeconds),
        ]

    static let pods: [ConfigurationKey] = [
        .kubernetes("privileged", .boolean, \.executor.kubernetes.privileged),
        .kubernetes("automountServiceAccountToken", .boolean, \.executor.kubernetes.automountServiceAccountToken),
        .kubernetes("dockerFeatureEnabled", .boolean, \.executor.kubernetes.dockerFeatureEnabled),
        // `None` needs a dnsConfig, which our pods do not have.
        .kubernetes("dnsPolicy", .oneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default"), \.executor.kubernetes.dnsPolicy),
        .kubernetes("imagePullPolicy", .oneOf("Always", "IfNotPresent", "Never"), \.executor.kubernetes.imagePullPolicy),
        .kubernetes("imagePullSecretName", .optionalSubdomain, \.executor.kubernetes.imagePullSecretName, takesEmptyText: true),
        .kubernetes("runtimeClass", .optionalSubdomain, \.executor.kubernetes.runtimeClass, takesEmptyText: true),
        // The worker finds its pods by `sdbuild`.
        .kubernetes("podLabels", .map(refusing: ["sdbuild"]), \.executor.kubernetes.podLabels),
        .kubernetes("nodeSelectors", .map(), \.executor.kubernetes.nodeSelectors),
        .kubernetes("preferredNodeSelectors", .map(), \.executor.kubernetes.preferredNodeSelectors),
        .kubernetes("annotations", .map(), \.executor.kubernetes.annotations),
        .kubernetes("lifecycleHooks", .object, \.executor.kubernetes.lifecycleHooks),
        .kubernetes("volumeMounts", KubernetesOptions.VolumeMount.kind, \.executor.kubernetes.volumeMounts),
        .kubernetes("buildSecrets", KubernetesOptions.SecretVariable.kind, \.executor.kubernetes.buildSecrets),
        .kubernetes("buildSecretsFile", KubernetesOptions.SecretFiles.kind, \.executor.kubernetes.buildSecretsFile),
        .kubernetes("podStatusQueryDelay", .milliseconds(0...3_600_000), \.executor.kubernetes.podStatusQueryDelay),
    ]

    private static func sizes(
        _ resource: String, _ unit: String, _ property: any WritableKeyPath<WorkerConfiguration, KubernetesOptions.Sizes> & Sendable
    ) -> [ConfigurationKey] {
        let names: [(String, any WritableKeyPath<KubernetesOptions.Sizes, Double> & Sendable)] = [
            ("micro", \.micro), ("low", \.low), ("high", \.high), ("turbo", \.turbo), ("max", \.max),
        ]
        return names.map { name, size in
            Self("executor.k8s.options.kubernetes.resources.\(resource).\(name)", .positive(upTo: 1_000_000, unit)) {
                $1[keyPath: property][keyPath: size] = $0
            }
        }
    }

    static func options<Value>(
        _ path: String, _ kind: ValueKind<Value>, _ property: any WritableKeyPath<WorkerConfiguration, Value> & Sendable,
        isSecret: Bool = false, takesEmptyText: Bool = false
    ) -> Self {
        Self("executor.k8s.options.\(path)", kind, property, isSecret: isSecret, takesEmptyText: takesEmptyText)
    }

    static func kubernetes<Value>(
        _ path: String, _ kind: ValueKind<Value>, _ property: any WritableKeyPath<WorkerConfiguration, Value> & Sendable,
        isSecret: Bool = false, takesEmptyText: Bool = false
    ) -> Self {
        .options("kubernetes.\(path)", kind, property, isSecret: isSecret, takesEmptyText: takesEmptyText)
    }
}
