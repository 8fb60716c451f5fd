/// A broker (``RabbitMQOptions``) and how we present ourselves to it.
@dynamicMemberLookup
package struct AMQPEndpoint: Sendable {
    private let options: RabbitMQOptions
    /// Shown in the broker's management UI.
    let connectionName: String

    package init(_ options: RabbitMQOptions, connectionName: String) {
        (self.options, self.connectionName) = (options, connectionName)
    }

    package subscript<Value>(dynamicMember option: KeyPath<RabbitMQOptions, Value>) -> Value {
        self.options[keyPath: option]
    }

    /// Set for TLS: a PEM file with the authorities that may have signed the broker's certificate.
    var caFile: String? { self.options.transport == .amqps ? self.options.caFile : nil }

    /// With TLS: two PEM files for a broker that wants to know who we are, the certificate with those between it and its authority, and its
    /// key.
    var clientCertificate: (certFile: String, keyFile: String)? {
        guard self.options.transport == .amqps, let certFile = self.options.certFile, let keyFile = self.options.keyFile
        else { return nil }
        return (certFile, keyFile)
    }
}

/// What happens to a connection, for logs and health. Told on the connection's thread: be quick.
package enum ConnectionEvent: Hashable, Sendable {
    case connected(host: String)
    /// Tried again after the pause, for ever.
    case disconnected(AMQPError, retryIn: Duration)
    case consuming(queue: String)
    /// The queue is not there, or was deleted, or its leader moved. Tried again after the pause.
    ///
    /// `code`: AMQP's, of a refusal: 404 there is no such queue, 403 no right to it. `nil`: the consumer was cancelled.
    case consumerLost(queue: String, code: Int?, reason: String, retryIn: Duration)
    /// No more deliveries come from that queue.
    case stopped(queue: String)
    /// An alarm: the broker takes no messages until ``unblocked``.
    case blocked(reason: String)
    case unblocked
    /// The user may not publish to an exchange, or with a key. Each reason is told once.
    case publishingRefused(reason: String)
    /// The broker had refused a message, and what is published now goes over a new channel.
    case channelRenewed
}
