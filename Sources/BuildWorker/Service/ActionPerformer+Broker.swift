internal import Logging

/// What is handed to the broker.
extension ActionPerformer {
    private var rabbitmq: RabbitMQOptions { self.configuration.rabbitmq }

    /// The message as `verify`, with its own headers only: the old ones would count as this one's deaths.
    private func verifyMessage(to queue: String, round: Int, _ context: DeliveryContext) -> OutgoingMessage? {
        guard case .success(let message) = context.message else { return nil }
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.type = "verify"
        properties.appID = Product.name
        properties.timestamp = UInt64(Timestamp.now.secondsSince1970)
        properties.headers[Header.initRound] = .int64(Int64(round))
        if let start = context.knownImagePullStartTime { properties.headers[Header.imagePullStart] = .text(start) }
        return OutgoingMessage(
            exchange: self.rabbitmq.exchange, routingKey: queue, properties: properties, body: message.asVerify().serialized())
    }

    func timerMessage(_ round: Int, _ context: DeliveryContext) -> OutgoingMessage? {
        self.verifyMessage(to: self.rabbitmq.initQueue, round: round, context)
    }

    func verification(_ context: DeliveryContext) -> OutgoingMessage? {
        self.verifyMessage(to: self.rabbitmq.retryQueue, round: context.round, context)
    }

    /// Headers that were near the limit when they came may be above it with ours: then the body is worth more than they.
    private func parkOrStrip(_ properties: MessageProperties, _ reasons: AMQPTable, _ context: DeliveryContext) async -> HandOver {
        var message = OutgoingMessage(
            exchange: self.rabbitmq.exchange, routingKey: self.rabbitmq.parkedQueue, properties: properties, body: context.delivery.body)
        let outcome = await self.publish(message)
        guard case .unsendable = outcome else { return self.handOver(outcome, message, context) }
        context.logger.error("the headers of an unreadable message are too large to keep; it is parked without them")
        message.properties.headers = reasons
        return await self.handOver(message, context)
    }

    func handOver(_ message: OutgoingMessage?, _ context: DeliveryContext) async -> HandOver {
        guard let message else { return .notHeld }
        return self.handOver(await self.publish(message), message, context)
    }

    private func handOver(_ outcome: PublishOutcome, _ message: OutgoingMessage, _ context: DeliveryContext) -> HandOver {
        switch outcome {
        case .confirmed: return .held
        case .returned: return .noQueue
        case .nacked, .unconfirmed, .unsendable:
            context.logger.warning("RabbitMQ did not take a message", metadata: ["outcome": .string("\(outcome)"), "to": .string(message.routingKey)])
            return .notHeld
        }
    }

    func keepTimer(_ round: Int, _ context: DeliveryContext) async -> Fact {
        // Handed over early, at a drain, it is only a look: no round is spent and nothing is late.
        if var message = self.verifyMessage(to: self.rabbitmq.retryQueue, round: round, context),
            let early = self.verifyMessage(to: self.rabbitmq.retryQueue, round: max(0, round - 1), context)
        {
            message.properties.headers[Header.initTimer] = .int64(1)
            await self.timers.keep(message, early: early)
            context.logger.warning("queue \(self.rabbitmq.initQueue) does not exist: this init timer is kept in memory. 'worker topology apply' creates it")
        }
        return .timerKept
    }

    func park(_ context: DeliveryContext) async -> HandOver {
        guard case .failure(let error) = context.message else { return .held }
        let delivery = context.delivery
        var properties = delivery.properties
        properties.isPersistent = true
        if let id = properties.messageID { properties.headers[Header.originalMessageID] = .text(id) }
        // The broker acts on these: it would route copies to wherever CC and BCC say, this worker's queues included.
        var setAside = [("CC", Header.originalCC), ("BCC", Header.originalBCC)]
        if error == .malformedDeathHistory { setAside.append(("x-death", Header.malformedDeaths)) }
        for (name, kept) in setAside {
            guard let value = properties.headers[name] else { continue }
            properties.headers[kept] = value
            properties.headers[name] = nil
        }
        let reasons: AMQPTable = [
            Header.parkedReason: .text(error.reason), Header.parkedDetail: .text(error.description), Header.parkedFrom: .text(delivery.queue),
            Header.parkedAt: .text(context.arrivedAt.text),
        ]
        for field in reasons.fields { properties.headers[field.name] = field.value }
        let handOver = await self.parkOrStrip(properties, reasons, context)
        // Never the payload: it may hold a token.
        let metadata: Logger.Metadata = [
            "reason": .string(error.reason), "error": .string(error.description),
            "bytes": .stringConvertible(delivery.body.count), "hash": .string(Fingerprint.of(delivery.body)),
        ]
        switch handOver {
        case .held: context.logger.error("unreadable message parked in \(self.rabbitmq.parkedQueue)", metadata: metadata)
        case .noQueue: context.logger.error("unreadable message dropped: there is no queue \(self.rabbitmq.parkedQueue)", metadata: metadata)
        case .notHeld: break
        }
        return handOver
    }
}
