/// A request to verify a build, as it goes to the retry queue at once or by way of an init timer.
struct Verification: Sendable {
    /// The build's message as `verify`.
    var body: [UInt8]
    /// Init timers the build has had, one that brings this included.
    var round: Int
    var imagePullStartTime: String?
    /// A timer of this process brings it. Of one that the broker holds, the broker writes it down itself.
    var isFromTimer = false

    /// The pod was seen in trouble that does not pass.
    var isHopeless = false

    /// With headers of its own only: the old ones would count as this one's deaths.
    func outgoing(to queue: String, _ options: RabbitMQOptions) -> OutgoingMessage {
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.type = "verify"
        properties.appID = Product.name
        properties.timestamp = UInt64(Timestamp.now.secondsSince1970)
        properties.headers[Header.initRound] = .int64(Int64(self.round))
        if let start = self.imagePullStartTime { properties.headers[Header.imagePullStart] = .text(start) }
        if self.isHopeless { properties.headers[Header.isHopeless] = .int64(1) }
        if self.isFromTimer { properties.headers[Header.initTimer] = .int64(1) }
        return OutgoingMessage(exchange: options.exchange, routingKey: queue, properties: properties, body: self.body)
    }
}
