/// `RABBITMQ_CONNECT_OPTIONS`: JSON that holds two settings, each of which may be absent.
struct ConnectOptions: Sendable {
    var heartbeat: Duration?
    var reconnectLimit: Duration?

    static let kind = ValueKind<Self> { (value: JSONValue) throws(Mismatch) -> Self in
        guard let members = try JSONText.parsed(value).members else {
            throw Mismatch("a JSON object would be right, for example {\"heartbeatIntervalInSeconds\":20,\"reconnectTimeInSeconds\":30}")
        }
        var options = Self()
        var expectations: [String] = []
        for member in members {
            let seconds = ValueText.integer(member.value.scalarText ?? "").flatMap { (1...3600).contains($0) ? Duration.seconds($0) : nil }
            switch member.name {
            // The format of its messages, to the worker before us.
            case "json": break
            case "heartbeatIntervalInSeconds":
                options.heartbeat = seconds
                if seconds == nil {
                    expectations.append("\(member.name): a whole number from 1 to 3600 would be right (0 would switch heartbeats off)")
                }
            case "reconnectTimeInSeconds":
                options.reconnectLimit = seconds
                if seconds == nil { expectations.append("\(member.name): a whole number from 1 to 3600 would be right") }
            default:
                expectations.append("'\(member.name)' is unknown; there are heartbeatIntervalInSeconds, reconnectTimeInSeconds")
            }
        }
        guard expectations.isEmpty else { throw Mismatch(all: expectations) }
        return options
    }
}

extension WorkerConfiguration {
    /// What is absent stays as the layer below has it.
    var connectOptions: ConnectOptions {
        get { ConnectOptions(heartbeat: self.rabbitmq.heartbeat, reconnectLimit: self.rabbitmq.reconnectLimit) }
        set {
            if let heartbeat = newValue.heartbeat { self.rabbitmq.heartbeat = heartbeat }
            if let limit = newValue.reconnectLimit { self.rabbitmq.reconnectLimit = limit }
        }
    }
}
