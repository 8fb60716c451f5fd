/// WORKFLOW.md as code: pure, total, and the only place that knows what a build message means.
///
/// Perform the action, record what it taught in the facts, and ask again until the answer is
/// ``Action/settle(_:)``. Each action fills a fact that was not known, so the loop ends.
public enum BuildWorkflow {
    public static func nextAction(for command: BuildCommand, given facts: Facts, rules: WorkflowRules) -> Action {
        // A report that was begun decides the rest, whatever led to it.
        if let failure = facts.failure { return .settle(settlement(after: failure)) }
        return switch command {
        case .start: start(facts, rules)
        case .verify: verify(facts, rules)
        case .stop: stop(facts, rules)
        case .clear: clear(facts, rules)
        case .unreadable: park(facts)
        }
    }

    /// A FAILURE that nobody took stays owed: the message waits and the report is tried again, past the limit too.
    private static func settlement(after report: ReportOutcome) -> Settlement {
        switch report {
        case .taken, .refused: .ack
        case .notTaken: .nack
        }
    }

    /// What `detail` tells of is tried again after a wait, as often as the limit allows.
    private static func retryOrFail(_ detail: String, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        guard facts.attempt >= rules.reprocessLimit else { return .settle(.nack) }
        return .reportFailure(.retriesExhausted(retries: facts.attempt, detail: detail))
    }
}

// MARK: - start

extension BuildWorkflow {
    private static func start(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        if facts.wasStopped { return .settle(.ack) }
        // Past the limit nothing is created any more: a pod that is there after all is adopted, else the report is due.
        if facts.attempt > rules.reprocessLimit {
            // Unconfirmed timers count as attempts with the broker, so the pod may well be running: not to see it is no cause.
            if case .unseen = facts.pod { return .settle(.nack) }
            return adoptOrFail("its pod could not be started", facts, rules)
        }
        if facts.isRepeated {
            switch facts.build {
            case nil: return .askForBuild
            case .ended: return removePods(facts, rules)
            case .active, .unknown, .unavailable: break
            }
        }
        switch facts.creation {
        case nil: return .createPod
        case .rejected(let detail): return .reportFailure(.podRejected(detail: detail))
        case .refused(let detail):
            guard facts.attempt >= rules.reprocessLimit else { return .settle(.nack) }
            return adoptOrFail(detail, facts, rules)
        case .created, .alreadyExists: return watch(facts, rules)
        }
    }

    /// The last attempt may have had its effect though its answer was lost: look before failing the build.
    private static func adoptOrFail(_ detail: String, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        switch facts.pod {
        case nil: return .lookAtPod
        case .pending(let node, _): return armTimer(round: 1, note: note(node), facts, rules)
        case .running(let node), .succeeded(let node): return armTimer(round: 1, note: note(node), facts, rules)
        case .failed(let phase, let detail): return .reportFailure(.podFailed(phase: phase, detail: detail))
        case .imageError(let detail): return .reportFailure(.imageUnavailable(detail: detail))
        case .containerError(let detail): return .reportFailure(.containerCannotStart(detail: detail))
        case .terminating, .foreign, .absent, .unseen:
            return .reportFailure(.retriesExhausted(retries: min(facts.attempt, rules.reprocessLimit), detail: detail))
        }
    }

    /// The pod exists. See how it does, and have it watched until it has begun.
    private static func watch(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        switch facts.pod {
        case nil: return .lookAtPod
        case .pending(let node, _): return armTimer(round: 1, note: note(node), facts, rules)
        case .running(let node), .succeeded(let node): return armTimer(round: 1, note: note(node), facts, rules)
        case .failed(let phase, let detail): return verifyNow(.podFailed(phase: phase, detail: detail), facts, rules)
        case .imageError(let detail): return verifyNow(.imageUnavailable(detail: detail), facts, rules)
        case .containerError(let detail): return verifyNow(.containerCannotStart(detail: detail), facts, rules)
        case .terminating: return retryOrFail("an earlier pod of this build is still being deleted", facts, rules)
        case .foreign: return retryOrFail("a pod that is not this build's has its name", facts, rules)
        case .absent:
            // It went between the two requests: a new one may be made where this delivery had only found it.
            if facts.creation == .alreadyExists { return retryOrFail("its pod was deleted meanwhile", facts, rules) }
            return verifyNow(nil, facts, rules)
        case .unseen: return verifyNow(nil, facts, rules)
        }
    }

    private static func note(_ node: String?) -> BuildNote { node.map { .scheduled(node: $0) } ?? .waitingForResources }

    /// Something is wrong with the pod, or could not be seen: the retry queue finds out, without delay.
    /// Without a retry queue nobody would, so a known cause is reported at once.
    private static func verifyNow(_ cause: FailureCause?, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        guard rules.usesRetryQueue else { return cause.map { .reportFailure($0) } ?? .settle(.ack) }
        switch facts.verification {
        case nil: return .requestVerification
        case .held: return .settle(.ack)
        case .noQueue, .notHeld: return .settle(.nack)
        }
    }

    /// The timer comes first, then the note: a build whose note is lost is still watched.
    private static func armTimer(round: Int, note: BuildNote?, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        if rules.usesRetryQueue {
            switch facts.timer {
            case nil: return .armTimer(round: round)
            case .held: break
            case .noQueue: guard facts.isTimerKept else { return .keepTimer(round: round) }
            // Not an attempt at the build, so no limit: its pod is fine, and the broker will be back.
            case .notHeld: return .settle(.nack)
            }
        }
        if let note, !facts.isNoted { return .tellBuild(note) }
        return .settle(.ack)
    }
}

// MARK: - verify

extension BuildWorkflow {
    private static func verify(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        switch facts.pod {
        case nil: return .listPods
        case .running(let node), .succeeded(let node):
            if let node, !facts.isNoted { return .tellBuild(.scheduled(node: node)) }
            return .settle(.ack)
        case .pending(_, let waitsFor): return verifyPending(waitsFor: waitsFor, facts, rules)
        case .failed(let phase, let detail): return .reportFailure(.podFailed(phase: phase, detail: detail))
        case .imageError(let detail): return .reportFailure(.imageUnavailable(detail: detail))
        case .containerError(let detail): return .reportFailure(.containerCannotStart(detail: detail))
        case .absent, .terminating, .foreign: return verifyAbsent(facts, rules)
        case .unseen(let detail): return retryOrFail(detail, facts, rules)
        }
    }

    private static func verifyPending(waitsFor: String, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        guard facts.round < rules.verifyLimit else {
            return .reportFailure(.neverBegan(waited: rules.initTimeout * facts.round, waitsFor: waitsFor))
        }
        return armTimer(round: facts.round + 1, note: facts.isFromInitTimer ? .delayed : nil, facts, rules)
    }

    /// The build was stopped, or somebody deleted its pod: only the build API knows which.
    private static func verifyAbsent(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        switch facts.build {
        case nil: .askForBuild
        case .ended: .settle(.ack)
        case .active, .unknown: .reportFailure(.podDisappeared)
        case .unavailable(let detail): retryOrFail(detail, facts, rules)
        }
    }
}

// MARK: - stop, clear, unreadable

extension BuildWorkflow {
    private static func stop(_ facts: Facts, _ rules: WorkflowRules) -> Action { removePods(facts, rules) }

    private static func removePods(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        guard let deletion = facts.deletion else { return .deletePods }
        return .settle(settlement(after: deletion, facts, rules))
    }

    private static func clear(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        guard let clearing = facts.clearing else { return .clearCache }
        return .settle(settlement(after: clearing, facts, rules))
    }

    /// No build waits for these, so the limit ends them with a report in the log.
    private static func settlement(after outcome: Outcome, _ facts: Facts, _ rules: WorkflowRules) -> Settlement {
        switch outcome {
        case .done: .ack
        case .failed: facts.attempt < rules.reprocessLimit ? .nack : .ack
        }
    }

    /// Where there is nowhere to park, the message is dropped as the original does; the log has its hash and size.
    private static func park(_ facts: Facts) -> Action {
        switch facts.parking {
        case nil: .park
        case .held, .noQueue: .settle(.ack)
        case .notHeld: .settle(.nack)
        }
    }
}
