/// WORKFLOW.md as code: pure, total, and the only place that knows what a build message means.
///
/// Perform the action, record what it taught in the facts, and ask again until the answer is
/// ``Action/settle(_:)``. Each action fills a fact that was not known, so the loop ends.
public enum BuildWorkflow {
    public static func nextAction(for command: BuildCommand, given facts: Facts, rules: WorkflowRules) -> Action {
        // A report that was begun decides the rest, whatever led to it.
        if let failure = facts.failure { return settlement(after: failure, facts, rules) }
        return switch command {
        case .start: start(facts, rules)
        case .verify: verify(facts, rules)
        case .stop: stop(facts, rules)
        case .clear: clear(facts, rules)
        case .unreadable: park(facts)
        case .poison(let crashes): parkPoison(crashes, facts)
        }
    }

    /// A FAILURE that nobody took stays owed: the message waits and the report is tried again, past the limit too.
    private static func settlement(after report: ReportOutcome, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        switch report {
        case .taken: return .settle(.ack)
        case .refused:
            guard let build = facts.build else { return .askForBuild }
            return build == .aborted ? removePods(facts, rules) : .settle(.ack)
        // Without an attempt: the real cause would be forgotten past the limit.
        case .notTaken: return postpone(facts)
        }
    }

    /// After a wait. During an outage of others that is no attempt at the build: nobody's could succeed.
    private static func tryLater(_ facts: Facts) -> Action {
        facts.isOutage ? postpone(facts) : .settle(.nack)
    }

    /// Where the broker does not take it, the attempt counts.
    private static func postpone(_ facts: Facts) -> Action {
        switch facts.postponement {
        case nil: .postpone
        case .held: .settle(.ack)
        case .noQueue, .notHeld: .settle(.nack)
        }
    }

    private static func mayTryLater(_ facts: Facts, _ rules: WorkflowRules) -> Bool { facts.isOutage || facts.attempt < rules.reprocessLimit }

    /// What `detail` tells of is tried again after a wait, as often as the limit allows.
    private static func retryOrFail(_ detail: String, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        guard !self.mayTryLater(facts, rules) else { return tryLater(facts) }
        return .reportFailure(.retriesExhausted(retries: facts.attempt, detail: detail))
    }
}

// MARK: - start

extension BuildWorkflow {
    private static func start(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        if facts.wasStopped { return facts.isRepeated ? removePods(facts, rules) : .settle(.ack) }
        // Past the limit nothing is created any more: a pod that is there after all is adopted, else the report is due.
        if facts.attempt > rules.reprocessLimit {
            // Unconfirmed timers count as attempts with the broker, so the pod may well be running: not to see it is no cause.
            if case .unseen = facts.pod { return tryLater(facts) }
            return adoptOrFail("its pod could not be started", facts, rules)
        }
        if facts.isRepeated {
            switch facts.build {
            case nil: return .askForBuild
            case .aborted, .finished: return removePods(facts, rules)
            case .active, .unknown, .unavailable: break
            }
        }
        switch facts.creation {
        case nil: return .createPod
        case .rejected(let detail): return .reportFailure(.podRejected(detail: detail))
        case .refused(let detail):
            guard !self.mayTryLater(facts, rules) else { return tryLater(facts) }
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
        case .unseen(let detail):
            if facts.creation == .alreadyExists { return retryOrFail(detail, facts, rules) }
            return verifyNow(nil, facts, rules)
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

    /// A build whose note is lost is still watched; one whose timer is not held comes back, and is told again.
    private static func armTimer(round: Int, note: BuildNote?, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        if rules.usesRetryQueue {
            switch facts.timer {
            case nil: return .armTimer(round: round, telling: note)
            case .held: break
            case .noQueue:
                switch facts.timerKept {
                case nil: return .keepTimer(round: round)
                case .done: break
                case .failed: return .settle(.nack)
                }
            // Not an attempt at the build, so no limit: its pod is fine, and the broker will be back.
            case .notHeld: return .settle(.nack)
            }
        }
        guard let note else { return .settle(.ack) }
        return tell(note, facts, rules) { state in
            switch state {
            case .aborted, .finished: true
            case .active, .unknown, .unavailable: false
            }
        }
    }

    /// The API takes no notes of a build that has ended. Then a `stop` may have come, to another worker perhaps, before there
    /// was a pod to remove: nobody else would.
    private static func tell(
        _ note: BuildNote, _ facts: Facts, _ rules: WorkflowRules, removingPodsWhen isOver: (BuildState) -> Bool
    ) -> Action {
        switch facts.note {
        case nil: return .tellBuild(note)
        case .taken, .lost: return .settle(.ack)
        case .refused:
            guard let build = facts.build else { return .askForBuild }
            return isOver(build) ? removePods(facts, rules) : .settle(.ack)
        }
    }
}

// MARK: - verify

extension BuildWorkflow {
    private static func verify(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        switch facts.pod {
        case nil: return .listPods
        case .running(let node), .succeeded(let node):
            guard let node else { return .settle(.ack) }
            // A build that has finished by itself may still be tidying up in its pod.
            // This is the last time anybody asks, so in an outage it waits for the API's answer.
            if facts.note == .lost, facts.isOutage { return tryLater(facts) }
            return tell(.scheduled(node: node), facts, rules) { $0 == .aborted }
        case .pending(_, let waitsFor): return verifyPending(waitsFor: waitsFor, facts, rules)
        case .failed(let phase, let detail): return .reportFailure(.podFailed(phase: phase, detail: detail))
        case .imageError(let detail): return .reportFailure(.imageUnavailable(detail: detail))
        case .containerError(let detail): return .reportFailure(.containerCannotStart(detail: detail))
        case .absent, .terminating, .foreign: return verifyAbsent(facts, rules)
        case .unseen(let detail):
            guard facts.looks > 1 || self.mayTryLater(facts, rules) else { return .listPods }
            return retryOrFail(detail, facts, rules)
        }
    }

    private static func verifyPending(waitsFor: String, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        guard facts.round < rules.verifyLimit else {
            // It may have begun a moment ago.
            guard facts.looks > 1 else { return .listPods }
            return .reportFailure(.neverBegan(waited: rules.initTimeout * facts.round, waitsFor: waitsFor))
        }
        return armTimer(round: facts.round + 1, note: facts.isFromInitTimer ? .delayed : nil, facts, rules)
    }

    /// The build was stopped, or somebody deleted its pod: only the build API knows which.
    private static func verifyAbsent(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        switch facts.build {
        case nil: .askForBuild
        case .aborted, .finished: .settle(.ack)
        case .active, .unknown: facts.looks > 1 ? .reportFailure(.podDisappeared) : .listPods
        case .unavailable(let detail): retryOrFail(detail, facts, rules)
        }
    }
}

// MARK: - stop, clear, unreadable

extension BuildWorkflow {
    private static func stop(_ facts: Facts, _ rules: WorkflowRules) -> Action { removePods(facts, rules) }

    private static func removePods(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        guard let deletion = facts.deletion else { return .deletePods }
        return settlement(after: deletion, facts, rules)
    }

    private static func clear(_ facts: Facts, _ rules: WorkflowRules) -> Action {
        guard let clearing = facts.clearing else { return .clearCache }
        return settlement(after: clearing, facts, rules)
    }

    /// No build waits for these, so the limit ends them with a report in the log.
    private static func settlement(after outcome: Outcome, _ facts: Facts, _ rules: WorkflowRules) -> Action {
        switch outcome {
        case .done: .settle(.ack)
        case .failed: self.mayTryLater(facts, rules) ? tryLater(facts) : .settle(.ack)
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

    /// Kept for an operator first; what follows may be the step that kills.
    private static func parkPoison(_ crashes: Int, _ facts: Facts) -> Action {
        switch facts.parking {
        case nil: .park
        case .held, .noQueue: .reportFailure(.poison(crashes: crashes))
        case .notHeld: .settle(.nack)
        }
    }
}
