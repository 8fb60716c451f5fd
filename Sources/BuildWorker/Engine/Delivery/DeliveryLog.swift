internal import Logging
internal import Support
internal import Workflow

/// Log lines that operators grep.
struct DeliveryLog: Sendable {
    let rules: WorkflowRules

    func observe(_ event: DeliveryEvent, _ context: DeliveryContext) {
        switch event {
        case .received, .actionStarted, .actionCompleted: break
        case .started:
            context.logger.info("processing \(context.job)")
            if context.attempt > 0 {
                context.logger.info("retrying \(context.attempt)(\(self.rules.reprocessLimit)) for \(context.job)")
            }
        case .settled(let settlement, let facts, _): self.settled(settlement, facts, context)
        case .requeued: context.logger.info("requeued for \(context.job)")
        case .takenBack: context.logger.warning("taken back by RabbitMQ, which delivers it again: \(context.job)")
        case .setAside:
            context.logger.warning(
                "set aside for \(context.job): a worker died of it, or of what it asked, and others go first")
        }
    }

    private func settled(_ settlement: Settlement, _ facts: Facts, _ context: DeliveryContext) {
        let result = facts.summary(of: context.command)
        switch settlement {
        case .ack where facts.isReplaced:
            context.logger.warning(
                "err: \(result), republished instead of rejected, because of its x-death header, for \(context.job)")
        case .ack where facts.postponement == .confirmed:
            context.logger.warning("err: \(result), postponed without an attempt for \(context.job)")
        case .ack where facts.failure != nil && facts.failure != .ended && context.attempt >= self.rules.reprocessLimit:
            context.logger.error(
                "acknowledge, max retries exceeded for \(context.job)", metadata: ["result": .string(result)])
        case .ack where context.command.isPoison && facts.parking == nil:
            context.logger.error(
                "a poison message killed the worker while its build was being reported; abort the build manually")
        case .ack:
            context.logger.info("acknowledge, job completed for \(context.job), result: \(result)")
        case .nack:
            context.logger.warning(
                "err: \(result), don't acknowledge, retried \(context.attempt)(\(self.rules.reprocessLimit)) for \(context.job)"
            )
        }
    }
}

extension Facts {
    func summary(of command: BuildCommand) -> String {
        switch self.failure {
        case .taken: return "build failed"
        case .refused: return "build failed, and the build API rejected the report"
        case .notTaken: return "the build API did not accept the build's FAILURE"
        case .ended, nil: break
        }
        if self.wasStopped, command == .start { return "build was stopped" }
        if self.build == .ended || self.note == .ended || self.failure == .ended { return "build has ended" }
        switch self.build {
        case .unavailable(let problem), .refused(let problem): return problem.detail
        case .waiting, .running, .begun, .ended, .unknown, nil: break
        }
        if case .refused(let problem) = self.creation { return problem.detail }
        if case .failed(let problem) = self.timerKept { return problem.detail }
        if self.timer == .unconfirmed { return "the init timer was not confirmed by RabbitMQ" }
        if self.verification == .unconfirmed { return "the verification was not confirmed by RabbitMQ" }
        if self.verification == .unroutable { return "the retry queue does not exist" }
        if self.parking == .unconfirmed { return "the message could not be parked" }
        if case .failed(let problem) = self.deletion { return problem.detail }
        if case .failed(let problem) = self.clearing { return problem.detail }
        return self.pod?.summary ?? (command == .unreadable ? "parked" : "true")
    }
}

extension PodObservation {
    var summary: String {
        switch self {
        case .pending(_, let waitsFor): "pod pending, waits for \(waitsFor)"
        case .running: "pod running"
        case .succeeded: "pod succeeded"
        case .broken(let failure): failure.summary
        case .terminating(let detail): detail.isEmpty ? "pod is being deleted" : "pod is being deleted: \(detail)"
        case .notOwned: "the pod of that name is not this build's"
        case .notFound: "no pod"
        case .unknown(let problem): problem.detail
        }
    }
}
