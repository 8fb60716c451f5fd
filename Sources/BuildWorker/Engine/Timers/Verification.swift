internal import RabbitMQ
internal import Support

/// A request to verify a build, sent to the retry queue directly or through an init timer.
struct Verification: Sendable {
    /// The build's message as `verify`.
    let body: [UInt8]
    /// Without the original message's headers, whose `x-death` would count for this one.
    let headers: AMQPTable

    init(body: [UInt8], headers: AMQPTable) { (self.body, self.headers) = (body, headers) }

    /// - Parameters:
    ///   - round: init timers so far, this one included.
    ///   - isFromTimer: a local timer; the broker records its own.
    init(body: [UInt8], round: Int, imagePullStartTime: String?, isFromTimer: Bool = false, isPermanent: Bool = false) {
        var headers: AMQPTable = [Header.initRound: .int64(Int64(round))]
        if let imagePullStartTime { headers[Header.imagePullStart] = .text(imagePullStartTime) }
        if isPermanent { headers[Header.isPermanent] = .int64(1) }
        if isFromTimer { headers[Header.initTimer] = .int64(1) }
        self.init(body: body, headers: headers)
    }

    var properties: MessageProperties {
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.type = "verify"
        properties.appID = Product.name
        properties.timestamp = UInt64(Timestamp.now.secondsSince1970)
        properties.headers = self.headers
        return properties
    }

    func outgoing(to queue: String, _ options: RabbitMQOptions) -> OutgoingMessage {
        OutgoingMessage(exchange: options.exchange, routingKey: queue, properties: self.properties, body: self.body)
    }
}
