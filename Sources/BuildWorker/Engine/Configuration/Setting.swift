internal import Clients
internal import Support

/// One configuration key: target, format, and meaning of an empty value.
struct Setting: Sendable {
    let key: String
    let shape: ValueShape
    let unit: String?
    /// Always redacted.
    let isSecret: Bool
    let whenEmpty: WhenEmpty
    let apply: @Sendable (RawValue, inout WorkerConfiguration) throws(Mismatch) -> Void
    /// The effective value, redacted for a secret.
    let value: @Sendable (WorkerConfiguration) -> JSONValue

    /// Can be read from a file named by a `_FILE` variable.
    var isCredential: Bool { self.isSecret || self.key == "rabbitmq.username" }

    /// The derived executor that owns the option; `nil` for `k8s` and for keys outside executors.
    var derived: ExecutorOptions.Plugin? {
        ExecutorOptions.Plugin.derived.first { self.key.hasPrefix("executor.\($0.rawValue).options.") }
    }

    /// Kubernetes manifests often set a variable to "" instead of omitting it.
    enum WhenEmpty: Sendable {
        /// Treated as missing: the layer below applies.
        case notSet
        /// An ordinary value.
        case value
    }

    init<Value: Sendable>(
        _ key: String, _ property: any WritableKeyPath<WorkerConfiguration, Value> & Sendable,
        _ format: ValueFormat<Value>,
        empty: WhenEmpty = .notSet, isSecret: Bool = false
    ) {
        (self.key, self.shape, self.unit, self.isSecret, self.whenEmpty) = (
            key, format.shape, format.unit, isSecret, empty
        )
        self.apply = { raw, configuration throws(Mismatch) in
            configuration[keyPath: property] = try format.parse(raw, configuration[keyPath: property])
        }
        self.value = { configuration in format.render(configuration[keyPath: property]) }
    }

    /// A key of one executor's options, which `options` points to.
    init<Value: Sendable>(
        _ key: String, _ options: any WritableKeyPath<WorkerConfiguration, KubernetesOptions> & Sendable,
        _ property: any WritableKeyPath<KubernetesOptions, Value> & Sendable, _ format: ValueFormat<Value>,
        empty: WhenEmpty = .notSet, isSecret: Bool = false
    ) {
        (self.key, self.shape, self.unit, self.isSecret, self.whenEmpty) = (
            key, format.shape, format.unit, isSecret, empty
        )
        self.apply = { raw, configuration throws(Mismatch) in
            configuration[keyPath: options][keyPath: property] = try format.parse(
                raw, configuration[keyPath: options][keyPath: property])
        }
        self.value = { configuration in format.render(configuration[keyPath: options][keyPath: property]) }
    }
}
