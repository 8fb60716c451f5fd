internal import Clients
internal import Support

/// One key of the configuration: what it sets, how it is written, what an empty text means.
struct Setting: Sendable {
    /// The path in `Config/default.yaml`.
    let key: String
    let shape: ValueShape
    let unit: String?
    /// Never shown.
    let isSecret: Bool
    let whenEmpty: WhenEmpty
    /// Reads what a layer says into the configuration; it stays as it was where that is wrong.
    let apply: @Sendable (RawValue, inout WorkerConfiguration) throws(Mismatch) -> Void
    /// The effective value, redacted for a secret.
    let value: @Sendable (WorkerConfiguration) -> JSONValue

    /// Its variable may be replaced by one that names a file.
    var isCredential: Bool { self.isSecret || self.key == "rabbitmq.username" }

    /// The executor whose own option it is; `nil`: of `k8s`, or of no executor.
    var derived: ExecutorOptions.Plugin? {
        ExecutorOptions.Plugin.derived.first { self.key.hasPrefix("executor.\($0.rawValue).options.") }
    }

    /// What an empty text means. Kubernetes manifests often set a variable to nothing instead of leaving it out.
    enum WhenEmpty: Sendable {
        /// As if the key were not there: the layer below counts.
        case notSet
        /// A value like others.
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

    /// A key of one executor's options, which `options` leads to.
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
