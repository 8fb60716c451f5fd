internal import RabbitMQ
internal import Support
internal import Workflow

struct DeliveryMetrics: Sendable {
    let meters: Metrics
    let history: History

    func observe(_ event: DeliveryEvent, _ context: DeliveryContext) {
        switch event {
        case .received: self.received(context)
        case .started, .actionStarted, .requeued, .takenBack, .setAside: break
        case .actionCompleted(let action, let fact, _): self.completed(action, fact, context)
        case .settled(let settlement, let facts, let took):
            let type = context.jobType
            self.meters.record(.handlerDuration, type, took: took)
            let (word, count): (String, History.Count) =
                switch settlement {
                case .ack where facts.postponement == .confirmed: ("postponed", .postponed)
                case .ack: ("ack", .acked)
                case .nack: ("nack", .nacked)
                }
            self.meters.count(.settlements, type, word)
            self.history.count(count)
        }
    }

    private func received(_ context: DeliveryContext) {
        let type = context.jobType
        self.meters.count(.deliveries, type)
        self.history.count(.deliveries)
        if context.delivery.isRedelivered {
            self.meters.count(.redeliveries, type)
            self.history.count(.redeliveries)
        }
        if context.attempt > 0 { self.meters.count(.attempts, type) }
        if context.isFromInitTimer { self.meters.count(.timersFired) }
    }

    private func completed(_ action: Action, _ fact: Fact, _ context: DeliveryContext) {
        switch fact {
        case .creation(.created, _): self.created(context)
        case .timer(.confirmed), .timerKept(.done): self.meters.count(.timersArmed)
        case .parking(.confirmed):
            let kind =
                switch context.command {
                case .unreadable: "unreadable"
                case .poison: "poison"
                case .start, .verify, .stop, .clear: "owed"
                }
            self.meters.count(.parked, kind)
            self.history.count(.parked)
        case .failure(.taken), .failure(.refused):
            guard case .reportFailure(let cause) = action else { return }
            self.meters.count(.failures, cause.reason)
            self.history.count(.failures)
        case .pod(.running, let details), .pod(.succeeded, let details), .search(.running, let details),
            .search(.succeeded, let details):
            // Only a build's last verification sees it run; counting earlier ones would count it twice.
            guard context.command == .verify, let times = details?.times else { return }
            self.meters.record(.podToScheduled, took: times.untilScheduled)
            self.meters.record(.scheduledToRunning, took: times.untilRunning)
        case .build, .creation, .pod, .search, .deletion, .timer, .timerKept, .verification, .note, .failure, .clearing,
            .parking, .postponement:
            break
        }
    }

    private func created(_ context: DeliveryContext) {
        let sinceArrival = ContinuousClock.now - context.arrival
        self.meters.count(.podsCreated)
        self.meters.record(.deliveryToPod, took: sinceArrival)
        self.history.created(after: sinceArrival)
        // Retried, postponed and parked messages say nothing about latency.
        guard !context.wasHereBefore, context.attempt == 0, let published = context.delivery.properties.publishedAt
        else { return }
        self.meters.record(.queueToPod, took: .milliseconds(max(0, Timestamp.now.millisecondsSince1970 - published)))
    }
}

extension DeliveryContext {
    var jobType: String {
        switch self.command {
        case .start: "start"
        case .stop: "stop"
        case .verify: "verify"
        case .clear: "clear"
        case .unreadable, .poison: "unread"
        }
    }
}

extension MessageProperties {
    /// Milliseconds since 1970: the broker's (`message_interceptors`), else the publisher's, in whole seconds.
    fileprivate var publishedAt: Int? {
        // Clients can set this header.
        let plausible = 0..<(1 << 50)
        if let exact = self.headers["timestamp_in_ms"]?.integer, plausible.contains(exact) { return exact }
        return self.timestamp.flatMap { Int(exactly: $0) }.flatMap { $0 < 1 << 40 ? $0 * 1000 : nil }
    }
}

extension FailureCause {
    var reason: String {
        switch self {
        case .podRejected: "pod-rejected"
        case .retriesExhausted: "retries-exhausted"
        case .pod(let failure):
            switch failure.kind {
            case .ended: "pod-failed"
            case .image: "image"
            case .container: "container"
            }
        case .neverBegan: "never-began"
        case .podGone: "pod-disappeared"
        case .poison: "poison"
        }
    }
}
