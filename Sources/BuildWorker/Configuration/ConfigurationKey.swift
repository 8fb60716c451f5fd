/// One key: how its value is written and where it lands.
struct ConfigurationKey: Sendable {
    /// For example `rabbitmq.port`.
    let path: String
    let isSecret: Bool
    /// An empty variable is empty text, not the absence of a value.
    let takesEmptyText: Bool
    /// Checks the value and stores it.
    let apply: @Sendable (JSONValue, inout WorkerConfiguration) throws(Mismatch) -> Void

    init<Value>(
        _ path: String, _ kind: ValueKind<Value>, _ property: any WritableKeyPath<WorkerConfiguration, Value> & Sendable,
        isSecret: Bool = false, takesEmptyText: Bool = false
    ) {
        self.init(path, kind, isSecret: isSecret, takesEmptyText: takesEmptyText) { $1[keyPath: property] = $0 }
    }

    init<Value>(
        _ path: String, _ kind: ValueKind<Value>, isSecret: Bool = false, takesEmptyText: Bool = false,
        store: @escaping @Sendable (Value, inout WorkerConfiguration) -> Void
    ) {
        self.path = path
        self.isSecret = isSecret
        self.takesEmptyText = takesEmptyText
        self.apply = { (value: JSONValue, configuration: inout WorkerConfiguration) throws(Mismatch) in
            store(try kind.read(value), &configuration)
        }
    }
}

extension ConfigurationKey {
    /// Every key there is, in the order of `Config/default.yaml`.
    static let all: [ConfigurationKey] = rabbitmq + executor + resources + pods + ecosystem + process
}
