internal import RabbitMQ
internal import Support

/// Publishes build events on its own connection: a missing exchange closes the channel.
final class EventPublisher: Sendable {
    private let exchange: String
    /// Stopping fails all unconfirmed messages.
    let connection: PublishingConnection

    init(_ configuration: WorkerConfiguration, host: String, onEvent: @escaping @Sendable (ConnectionEvent) -> Void) {
        self.exchange = configuration.events.exchange
        let endpoint = AMQPEndpoint(
            configuration.rabbitmq, connectionName: "\(Product.name) events \(host) \(Product.version)")
        // After that the publish fails, and the job is retried from disk.
        self.connection = PublishingConnection(endpoint, timeout: .seconds(30), onEvent: onEvent)
    }

    /// An event without a bound queue counts as done.
    func publish(_ event: JSONValue) async -> JobOutcome {
        guard let key = event["event"]?.string else { return .permanentFailure("it is no event") }
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.type = key
        properties.appID = Product.name
        properties.correlationID = event["id"]?.string
        properties.timestamp = UInt64(Timestamp.now.secondsSince1970)
        switch await self.connection.publish(
            OutgoingMessage(exchange: self.exchange, routingKey: key, properties: properties, body: event.serialized()))
        {
        case .confirmed, .returned: return .done
        case .nacked: return .failed("RabbitMQ refused it")
        case .unconfirmed(let reason), .refused(let reason): return .failed(reason)
        case .unsendable(let reason): return .permanentFailure(reason)
        }
    }
}
