internal import Clients
internal import Support
internal import Workflow

struct DeliveryEvents: Sendable {
    let executor: ExecutorOptions
    let tell: @Sendable (BuildEvent) -> Void

    func observe(_ happened: DeliveryEvent, _ context: DeliveryContext) {
        guard var event = Self.event(happened, context) else { return }
        switch event.kind {
        case .podCreated:
            if let build = context.build {
                event.podName = PodName.of(build.buildID, prefix: self.executor.options(for: build).prefix)
            }
        case .buildFailed, .buildRetried, .buildPostponed, .messageParked: event.reportID = context.reportID
        case .buildStarted, .buildStopped, .workerStarted, .workerDrained, .outageBegan, .outageEnded: break
        }
        self.tell(event)
    }

    static func event(_ event: DeliveryEvent, _ context: DeliveryContext) -> BuildEvent? {
        switch event {
        case .received, .started, .actionStarted, .requeued, .takenBack, .setAside: nil
        case .actionCompleted(let action, let fact, _): Self.completed(action, fact, context)
        case .settled(let settlement, let facts, _):
            switch settlement {
            case .nack: Self.event(.buildRetried, context, cause: facts.summary(of: context.command))
            case .ack where facts.postponement == .confirmed:
                Self.event(.buildPostponed, context, cause: facts.summary(of: context.command))
            // A stop that gave up is logged as an error and sends no event.
            case .ack where context.command == .stop && facts.deletion == .done: Self.event(.buildStopped, context)
            case .ack where Self.hasBegun(facts) && context.command == .verify: Self.event(.buildStarted, context)
            case .ack: nil
            }
        }
    }

    private static func completed(_ action: Action, _ fact: Fact, _ context: DeliveryContext) -> BuildEvent? {
        switch fact {
        case .creation(.created, _): return Self.event(.podCreated, context)
        case .failure(.taken), .failure(.refused):
            guard case .reportFailure(let cause) = action else { return nil }
            return Self.event(.buildFailed, context, cause: cause.description)
        case .parking(.confirmed):
            return Self.event(.messageParked, context, cause: context.parkingError.description)
        case .build, .creation, .pod, .search, .deletion, .timer, .timerKept, .verification, .note, .failure, .clearing,
            .parking, .postponement:
            return nil
        }
    }

    private static func hasBegun(_ facts: Facts) -> Bool {
        switch facts.pod {
        case .running, .succeeded: true
        case .pending, .broken, .terminating, .notOwned, .notFound, .unknown, nil: false
        }
    }

    private static func event(_ kind: BuildEvent.Kind, _ context: DeliveryContext, cause: String? = nil) -> BuildEvent {
        var event = BuildEvent(kind, cause: cause)
        event.jobType = context.jobType
        event.attempt = context.attempt
        // Poison must not be decoded here: that may crash the worker.
        guard let build = context.build else { return event }
        (event.buildID, event.jobID) = (build.buildID, build.jobID)
        return event
    }
}
