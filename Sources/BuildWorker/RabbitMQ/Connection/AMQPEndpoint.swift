/// A broker (``RabbitMQOptions``) and the name of our connection to it.
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

    /// With TLS: PEM file with the CA certificates for the broker's certificate; otherwise `nil`.
    var caFile: String? { self.options.transport == .amqps ? self.options.caFile : nil }

    /// With TLS: PEM files for mutual TLS: our certificate with its intermediates, and its key.
    var clientCertificate: (certFile: String, keyFile: String)? {
        guard self.options.transport == .amqps, let certFile = self.options.certFile, let keyFile = self.options.keyFile
        else { return nil }
        return (certFile, keyFile)
    }
}

/// Connection events, for logs and health. Emitted on the connection's thread: return quickly.
package enum ConnectionEvent: Hashable, Sendable {
    case connected(host: String)
    /// Reconnects after the pause, without limit.
    case disconnected(AMQPError, retryIn: Duration)
    case consuming(queue: String)
    /// The queue does not exist, was deleted, or its leader moved. Consumed again after the pause.
    ///
    /// `code`: the AMQP reply code of a refusal: 404 no such queue, 403 no permission; `nil`: cancelled.
    case consumerLost(queue: String, code: Int?, reason: String, retryIn: Duration)
    /// No more deliveries will come from that queue.
    case stopped(queue: String)
    /// Resource alarm: the broker accepts no messages until ``unblocked``.
    case blocked(reason: String)
    case unblocked
    /// The user may not publish to an exchange, or with a routing key. Each reason is emitted once.
    case publishingRefused(reason: String)
    /// The broker refused a message; a new channel has been opened for publishing.
    case channelRenewed
}
