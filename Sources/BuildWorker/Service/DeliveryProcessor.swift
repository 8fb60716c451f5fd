internal import Logging

/// Carries one delivery from arrival to settlement: asks the workflow, performs, records, asks again.
struct DeliveryProcessor: Sendable {
    let rules: WorkflowRules
    let options: RabbitMQOptions
    let logger: Logger
    let stoppedBuilds: StoppedBuilds
    let buildOrder: BuildOrder
    /// Turns an action into the fact it taught. Never throws: a failure is a fact too.
    let perform: @Sendable (Action, DeliveryContext) async -> Fact

    /// A delivery that was read and has its place among the others of its build.
    struct Prepared: Sendable {
        fileprivate let context: DeliveryContext
        /// `nil`: it concerns no build.
        fileprivate let turn: BuildOrder.Turn?
    }

    /// Call it in the order of arrival, and ``process(_:)`` once for each.
    func prepare(_ delivery: Delivery) -> Prepared {
        let context = DeliveryContext(delivery, options: self.options, logger: self.logger)
        guard case .success(let message) = context.message, let build = message.build?.buildID else {
            return Prepared(context: context, turn: nil)
        }
        return Prepared(context: context, turn: self.buildOrder.join(build))
    }

    func process(_ prepared: Prepared) async -> Settlement {
        guard let turn = prepared.turn else { return await self.follow(prepared.context, build: nil) }
        await turn.wait()
        defer { self.buildOrder.leave(turn) }
        return await self.follow(prepared.context, build: turn.build)
    }

    private func follow(_ context: DeliveryContext, build: BuildID?) async -> Settlement {
        context.logger.info("processing \(context.job)")
        if context.attempt > 0 { context.logger.info("retrying \(context.attempt)(\(self.rules.reprocessLimit)) for \(context.job)") }
        if let build, context.command == .stop { self.stoppedBuilds.insert(build) }
        let wasStopped = build.map { self.stoppedBuilds.contains($0) } ?? false
        var facts = context.facts(wasStopped: wasStopped)
        while true {
            let action = BuildWorkflow.nextAction(for: context.command, given: facts, rules: self.rules)
            if case .settle(let settlement) = action {
                self.log(settlement, facts, context)
                return settlement
            }
            facts.record(await self.perform(action, context))
        }
    }

    /// The sentences that operators grep, with the result in words.
    private func log(_ settlement: Settlement, _ facts: Facts, _ context: DeliveryContext) {
        let result = facts.summary(of: context.command)
        switch settlement {
        case .ack where facts.failure != nil && context.attempt >= self.rules.reprocessLimit:
            context.logger.error("acknowledge, max retries exceeded for \(context.job)", metadata: ["result": .string(result)])
        case .ack:
            context.logger.info("acknowledge, job completed for \(context.job), result: \(result)")
        case .nack:
            context.logger.warning(
                "err: \(result), don't acknowledge, retried \(context.attempt)(\(self.rules.reprocessLimit)) for \(context.job)")
        }
    }
}

extension Facts {
    /// What came out, in a few words for the log.
    func summary(of command: BuildCommand) -> String {
        switch self.failure {
        case .taken: return "build failed"
        case .refused: return "build failed, and the API refused to hear it"
        case .notTaken: return "the API did not take the build's FAILURE"
        case nil: break
        }
        if self.wasStopped, command == .start { return "build was stopped" }
        if self.build == .ended { return "build has ended" }
        if case .refused(let detail) = self.creation { return detail }
        if self.timer == .notHeld { return "the init timer was not confirmed by RabbitMQ" }
        if self.verification == .notHeld { return "the verification was not confirmed by RabbitMQ" }
        if self.verification == .noQueue { return "the retry queue does not exist" }
        if self.parking == .notHeld { return "the message could not be parked" }
        if case .unavailable(let detail) = self.build { return detail }
        if case .failed(let detail) = self.deletion { return detail }
        if case .failed(let detail) = self.clearing { return detail }
        return self.pod?.summary ?? (command == .unreadable ? "parked" : "true")
    }
}

extension PodObservation {
    fileprivate var summary: String {
        switch self {
        case .pending(_, let waitsFor): "pod pending, waits for \(waitsFor)"
        case .running: "pod running"
        case .succeeded: "pod succeeded"
        case .failed(let phase, let detail): "pod \(phase) \(detail)"
        case .imageError(let detail), .containerError(let detail): detail
        case .terminating: "pod is being deleted"
        case .foreign: "the pod of that name is not this build's"
        case .absent: "no pod"
        case .unseen(let detail): detail
        }
    }
}
