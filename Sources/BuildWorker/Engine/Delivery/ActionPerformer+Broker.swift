internal import Clients
internal import Logging
internal import RabbitMQ
internal import Support
internal import Synchronization
internal import Workflow

extension ActionPerformer {
    private var rabbitmq: RabbitMQOptions { self.configuration.rabbitmq }

    private func verification(
        _ round: Int, _ facts: Facts, _ context: DeliveryContext, isFromTimer: Bool = false, isPermanent: Bool = false
    ) -> Verification? {
        guard case .success(let message) = context.message else { return nil }
        return Verification(
            body: message.asVerify().serialized(), round: round, imagePullStartTime: facts.pullStart,
            isFromTimer: isFromTimer,
            isPermanent: isPermanent)
    }

    func armTimer(_ round: Int, _ facts: Facts, _ context: DeliveryContext) async -> PublishResult {
        // The broker could not deliver it when the timer fires.
        guard self.verifications.brokerCanVerify else { return .unroutable }
        let outcome = await self.handOver(
            self.verification(round, facts, context)?.outgoing(to: self.rabbitmq.initQueue, self.rabbitmq), context)
        if outcome != .unconfirmed { self.health.initTimer(isKeptHere: outcome == .unroutable) }
        return outcome
    }

    func requestVerification(_ isPermanent: Bool, _ facts: Facts, _ context: DeliveryContext) async -> PublishResult {
        guard self.verifications.brokerCanVerify else { return .unroutable }
        let verification = self.verification(context.round, facts, context, isPermanent: isPermanent)
        return await self.handOver(verification?.outgoing(to: self.rabbitmq.retryQueue, self.rabbitmq), context)
    }

    func keepTimer(_ round: Int, _ facts: Facts, _ context: DeliveryContext) async -> Outcome {
        guard let verification = self.verification(round, facts, context, isFromTimer: true) else {
            return .failed(Problem(.message, "the message is no build's"))
        }
        let outcome = await self.verifications.keep(verification, for: self.rabbitmq.initTimeout)
        switch outcome {
        case .done:
            // If the retry queue is unusable, the reason is already logged; otherwise one line covers all builds.
            guard self.verifications.brokerCanVerify else { break }
            context.logger.log(
                level: Self.hasSaidThatItKeepsTimers.exchange(true, ordering: .relaxed) ? .debug : .warning,
                "queue \(self.rabbitmq.initQueue) does not exist: this worker keeps init timers itself. 'worker topology apply' creates it"
            )
        case .failed(let problem):
            context.logger.error(
                "an init timer cannot be written down, so the message waits with the broker",
                metadata: ["error": .string(problem.detail)])
        }
        return outcome
    }

    private static let hasSaidThatItKeepsTimers = Atomic<Bool>(false)

    func handOver(_ message: OutgoingMessage?, _ context: DeliveryContext) async -> PublishResult {
        guard let message else { return .unconfirmed }
        return self.handOver(await self.publish(message), message, context)
    }

    private func handOver(_ outcome: PublishOutcome, _ message: OutgoingMessage, _ context: DeliveryContext)
        -> PublishResult
    {
        switch outcome {
        case .confirmed: return .confirmed
        // Without permission to write, the queue is as good as missing.
        case .returned, .refused: return .unroutable
        case .nacked, .unconfirmed, .unsendable:
            context.logger.warning(
                "RabbitMQ did not take a message",
                metadata: ["outcome": .string("\(outcome)"), "to": .string(message.routingKey)])
            return .unconfirmed
        }
    }

    /// Publishes a copy to the wait queue, without `x-death`: that holds the attempt count.
    func postpone(_ reason: PostponeReason, _ facts: Facts, _ context: DeliveryContext) async -> PublishResult {
        let delivery = context.delivery
        var properties = delivery.properties
        properties.isPersistent = true
        for name in ["x-death", "x-delivery-count", "CC", "BCC"] { properties.headers[name] = nil }
        properties.headers[Header.earlierAttempts] = .int64(Int64(context.attempt))
        // Each clock starts at the first occurrence. A shared API's outage does not count, the message's own API's
        // does.
        switch reason {
        case .outage:
            if let own = context.build?.apiURI, own != self.configuration.ecosystem.api { break }
            properties.headers[Header.owedSince] = nil
        case .aside: break
        case .counted: properties.headers[Header.earlierAttempts] = .int64(Int64(context.attempt + 1))
        case .owed:
            properties.headers[Header.owedSince] = .int64(
                Int64(context.owedSince ?? context.arrivedAt.secondsSince1970))
        case .healing:
            properties.headers[Header.troubledSince] = .int64(
                Int64(context.troubledSince ?? context.arrivedAt.secondsSince1970))
        }
        // Another worker that receives it has no record of its crashes.
        if case .poison(let crashes) = context.command {
            properties.headers[Header.poisonCrashes] = .int64(Int64(crashes))
        }
        if context.isFromInitTimer { properties.headers[Header.initTimer] = .int64(1) }
        if let start = facts.pullStart { properties.headers[Header.imagePullStart] = .text(start) }
        guard !delivery.tag.isOfThisProcess else {
            return await self.verifications.postpone(delivery, headers: properties.headers)
        }
        let waitQueue =
            delivery.queue == self.rabbitmq.retryQueue ? self.rabbitmq.retryWaitQueue : self.rabbitmq.waitQueue
        // The original names this queue differently and may not have bound it.
        let other = Topology.conventionalWaitQueue(of: delivery.queue)
        for (exchange, queue) in [(self.rabbitmq.exchange, waitQueue), (self.rabbitmq.exchange, other), ("", other)] {
            let message = OutgoingMessage(
                exchange: exchange, routingKey: queue, properties: properties, body: delivery.body)
            let handOver = await self.handOver(message, context)
            if handOver != .unroutable { return handOver }
        }
        return .unroutable
    }

    func park(_ context: DeliveryContext) async -> PublishResult {
        let error = context.parkingError
        let delivery = context.delivery
        let parked = ParkedMessage(delivery, for: error, at: context.arrivedAt.text)
        var message = parked.outgoing(self.rabbitmq)
        var outcome = await self.publish(message)
        if case .unsendable = outcome {
            context.logger.error("the headers of a message are too large to keep; it is parked without them")
            message = parked.outgoingWithoutHeaders(self.rabbitmq)
            outcome = await self.publish(message)
        }
        // Never the payload: it may hold a token.
        let metadata: Logger.Metadata = [
            "reason": .string(error.reason), "error": .string(error.description), "parkedId": .string(parked.id),
            "bytes": .stringConvertible(delivery.bodySize), "hash": .string(delivery.bodyHash),
        ]
        let handOver = self.handOver(outcome, message, context)
        switch handOver {
        case .confirmed:
            context.logger.error(
                "\(error.kindOfMessage) message parked in \(self.rabbitmq.parkedQueue)", metadata: metadata)
        case .unroutable:
            context.logger.error(
                "\(error.kindOfMessage) message dropped: there is no queue \(self.rabbitmq.parkedQueue), or no permission to publish to it",
                metadata: metadata)
        case .unconfirmed: break
        }
        return handOver
    }
}

extension BuildMessageError {
    fileprivate var kindOfMessage: String {
        switch self {
        case .poison: "poison"
        case .owed: "owed"
        case .emptyBody, .malformedJSON, .notAnObject, .unknownJob, .fields, .forbiddenAPI, .malformedDeathHistory,
            .unreadHeaders, .tooLarge:
            "unreadable"
        }
    }
}
