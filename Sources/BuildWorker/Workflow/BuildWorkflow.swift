internal import Support

/// WORKFLOW.md as code: pure, total, and the only place that knows what a build message means.
///
/// ``DeliveryMachine`` has the action performed, records what it taught in the facts, and asks again until the answer is
/// ``Decision/settle(_:)``. Each action fills a fact that was not known, so that ends.
package enum BuildWorkflow {
    package static func decision(for command: BuildCommand, given facts: Facts, rules: WorkflowRules) -> Decision {
        // A report that was begun decides the rest, whatever led to it.
        if let failure = facts.failure { return settlement(after: failure, command, facts, rules) }
        return switch command {
        case .start: start(facts, rules)
        case .verify: verify(facts, rules)
        case .stop: stop(facts, rules)
        case .clear: clear(facts, rules)
        case .unreadable: park(facts)
        case .poison(let crashes): parkPoison(crashes, facts, rules)
        }
    }

    private static func settlement(
        after report: ReportOutcome, _ command: BuildCommand, _ facts: Facts, _ rules: WorkflowRules
    ) -> Decision {
        switch report {
        case .taken, .refused: .settle(.ack)
        // A `stop` may have come, to another worker perhaps, before there was a pod to remove.
        case .ended: if case .poison = command { .settle(.ack) } else { removePods(facts, rules) }
        // A FAILURE that nobody took stays owed, past the limit too.
        case .notTaken: owe(facts)
        }
    }

    /// After a wait. During an outage of others that is no attempt at the build: nobody's could succeed.
    private static func tryLater(_ facts: Facts) -> Decision {
        facts.isOutage ? postpone(.outage, facts) : .settle(.nack)
    }

    /// Where the broker does not take it, the attempt counts.
    private static func postpone(_ reason: PostponeReason, _ facts: Facts) -> Decision {
        switch facts.postponement {
        case nil: .perform(.postpone(reason))
        case .confirmed: .settle(.ack)
        case .unroutable, .unconfirmed: .settle(.nack)
        }
    }

    /// The build API has to take or say something first. Without an attempt, for the real cause would be forgotten past the limit; and
    /// not for ever, for it may fail for this one build alone: then an operator gets the message with all that is owed.
    private static func owe(_ facts: Facts) -> Decision {
        guard !facts.isOutage else { return postpone(.outage, facts) }
        // Where no wait queue takes the message with its clock, its attempts are the clock.
        guard facts.isOverdue || facts.postponement == .unroutable && facts.attempt > WorkflowRules.attemptsOfADay
        else { return postpone(.owed, facts) }
        return switch facts.parking {
        case nil: .perform(.park)
        // Nowhere to park: the report has all that is owed.
        case .confirmed, .unroutable: .settle(.ack)
        case .unconfirmed: postpone(.owed, facts)
        }
    }

    private static func mayTryLater(_ facts: Facts, _ rules: WorkflowRules) -> Bool {
        facts.isOutage || facts.attempt < rules.reprocessLimit
    }

    /// What `problem` tells of is tried again after a wait, as often as the limit allows.
    private static func retryOrFail(_ problem: Problem, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        guard !self.mayTryLater(facts, rules) else { return tryLater(facts) }
        return fail(
            .retriesExhausted(retries: min(facts.attempt, rules.reprocessLimit), problem), facts, rules,
            mayHaveRun: true)
    }

    /// Only a build that has not ended is failed, and only the build API knows.
    ///
    /// - Parameter mayHaveRun: what is known does not speak against it, so the question is whether it has ended. Else it most likely waits, and
    ///   to ask that changes nothing.
    private static func fail(_ cause: FailureCause, _ facts: Facts, _ rules: WorkflowRules, mayHaveRun: Bool = false)
        -> Decision
    {
        switch facts.build {
        case nil: .perform(.ask(mayHaveRun ? .hasEnded : .isWaiting))
        case .begun: .perform(.ask(.hasEnded))
        case .waiting, .unknown: .perform(.reportFailure(cause))
        // Its launcher is at work, whatever this worker could not do or see.
        case .running: cause.sawTheEnd ? .perform(.reportFailure(cause)) : .settle(.ack)
        case .ended: facts.pod?.isThere ?? false ? removePods(facts, rules) : .settle(.ack)
        case .refused: .settle(.ack)
        case .unavailable: owe(facts)
        }
    }
}

// MARK: - start

extension BuildWorkflow {
    private static func start(_ facts: Facts, _ rules: WorkflowRules) -> Decision {
        if facts.wasStopped { return facts.isRepeated ? removePods(facts, rules) : .settle(.ack) }
        if facts.isRepeated, let action = beforeStartingAgain(facts, rules) { return action }
        switch facts.creation {
        case nil: return .perform(.createPod)
        case .rejected(let problem): return fail(.podRejected(problem), facts, rules)
        case .refused(let problem):
            guard !self.mayTryLater(facts, rules) else { return tryLater(facts) }
            return adoptOrFail(problem, facts, rules)
        case .created, .alreadyExists: return watch(facts, rules)
        }
    }

    /// A start that was here before may have made its pod, and the build may have begun or ended since.
    ///
    /// - Returns: `nil` where a pod is to be made.
    private static func beforeStartingAgain(_ facts: Facts, _ rules: WorkflowRules) -> Decision? {
        switch facts.build {
        case nil: return .perform(.ask(.isWaiting))
        case .ended: return removePods(facts, rules)
        case .refused: return .settle(.ack)
        case .unavailable where facts.isOutage: return tryLater(facts)
        case .waiting, .running, .begun, .unknown, .unavailable: break
        }
        guard facts.creation == nil else { return nil }
        switch facts.pod {
        case nil: return .perform(.getPod)
        case .notFound where !facts.hasSearched: return .perform(.searchPods)
        case .notFound:
            switch facts.build {
            // Somebody saw it begin: it is not begun again.
            case .running: return .perform(.reportFailure(.podGone(hasBegun: true, known: nil)))
            case .begun: return .perform(.ask(.hasEnded))
            case .unavailable where facts.hasBegun, .unknown where facts.hasBegun: return owe(facts)
            // Past the limit nothing is made any more.
            case nil, .waiting, .ended, .refused, .unknown, .unavailable:
                guard facts.attempt > rules.reprocessLimit else { return nil }
                return fail(
                    .retriesExhausted(retries: rules.reprocessLimit, Problem(.other, "its pod could not be started")),
                    facts, rules)
            }
        // Unconfirmed timers count as attempts with the broker, so at the limit the pod may well be running: not to see it is no cause.
        case .unknown where facts.attempt >= rules.reprocessLimit: return owe(facts)
        case .pending, .running, .succeeded, .broken, .terminating, .notOwned, .unknown: return watch(facts, rules)
        }
    }

    /// The last attempt may have had its effect though its answer was lost: look before failing the build.
    private static func adoptOrFail(_ problem: Problem, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.pod {
        case nil: .perform(.getPod)
        case .pending, .running, .succeeded, .broken: watch(facts, rules)
        case .terminating, .notOwned, .notFound, .unknown:
            fail(.retriesExhausted(retries: facts.attempt, problem), facts, rules)
        }
    }

    /// The pod exists. See how it does, and have it watched until it has begun.
    private static func watch(_ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.pod {
        case nil: return .perform(.getPod)
        case .pending(let node, _), .running(let node), .succeeded(let node):
            return armTimer(round: 1, note: note(node), facts, rules)
        case .broken(let failure): return verifyNow(failure, facts, rules)
        case .terminating:
            return retryOrFail(Problem(.node, "an earlier pod of this build is still being deleted"), facts, rules)
        case .notOwned: return retryOrFail(Problem(.other, "a pod that is not this build's has its name"), facts, rules)
        case .notFound:
            // It went between the two requests: a new one may be made where this delivery had only found it.
            if facts.creation == .alreadyExists {
                return retryOrFail(Problem(.node, "its pod was deleted meanwhile"), facts, rules)
            }
            return verifyNow(nil, facts, rules)
        case .unknown(let problem):
            if facts.creation == .created() { return verifyNow(nil, facts, rules) }
            return retryOrFail(problem, facts, rules)
        }
    }

    private static func note(_ node: String?) -> StatusUpdate {
        node.map { .scheduled(node: $0) } ?? .waitingForResources
    }

    /// Something is wrong with the pod, or could not be seen: the retry queue finds out, without delay.
    /// Where nobody can be asked to, a known cause is judged at once, and else the init timer finds out.
    private static func verifyNow(_ failure: PodFailure?, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.verification {
        case nil: return .perform(.requestVerification(isPermanent: failure?.outlook == .permanentFailure))
        case .confirmed: return .settle(.ack)
        case .unroutable: return failure.map { judge($0, facts, rules) } ?? keepTimer(round: 1, facts) ?? .settle(.ack)
        case .unconfirmed: return .settle(.nack)
        }
    }

    /// - Returns: `nil` when the timer is kept.
    private static func keepTimer(round: Int, _ facts: Facts) -> Decision? {
        switch facts.timerKept {
        case nil: .perform(.keepTimer(round: round))
        case .done: nil
        case .failed: .settle(.nack)
        }
    }

    /// A build whose note is lost is still watched; one whose timer is not held comes back, and is told again.
    private static func armTimer(round: Int, note: StatusUpdate?, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.timer {
        case nil: return .perform(.armTimer(round: round, telling: note))
        case .confirmed: break
        case .unroutable: if let action = keepTimer(round: round, facts) { return action }
        // Not an attempt at the build, so no limit: its pod is fine, and the broker will be back.
        case .unconfirmed: return .settle(.nack)
        }
        guard let note else { return .settle(.ack) }
        return tell(note, facts, rules)
    }

    /// The API takes no notes of a build that has ended. Its `stop` may have come, to another worker perhaps, before there
    /// was a pod to remove: nobody else would. What still tidies up in the pod has the time that every `stop` leaves it.
    private static func tell(_ note: StatusUpdate, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.note {
        case nil: .perform(.notifyBuild(note))
        case .taken, .lost, .refused: .settle(.ack)
        case .ended: removePods(facts, rules)
        }
    }
}

// MARK: - verify

extension BuildWorkflow {
    private static func verify(_ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.pod {
        case nil: return .perform(.getPod)
        case .running(let node), .succeeded(let node):
            guard let node else { return .settle(.ack) }
            // This is the last time anybody asks, so in an outage it waits for the API's answer.
            if case .lost = facts.note, facts.isOutage { return tryLater(facts) }
            return tell(.scheduled(node: node), facts, rules)
        case .pending(_, let waitsFor): return verifyPending(waitsFor: waitsFor, facts, rules)
        case .broken(let failure): return judge(failure, facts, rules)
        case .terminating(let detail): return verifyAbsent(detail.isEmpty ? nil : detail, facts, rules)
        case .notFound, .notOwned: return verifyAbsent(nil, facts, rules)
        case .unknown(let problem):
            guard facts.looks > 1 || self.mayTryLater(facts, rules) else { return .perform(.getPod) }
            return retryOrFail(problem, facts, rules)
        }
    }

    private static func verifyPending(waitsFor: String, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        guard facts.round < rules.verifyLimit else {
            // It may have begun a moment ago.
            guard facts.looks > 1 else { return .perform(.getPod) }
            return fail(.neverBegan(waited: rules.initTimeout * facts.round, waitsFor: waitsFor), facts, rules)
        }
        return armTimer(round: facts.round + 1, note: facts.isFromInitTimer ? .delayed : nil, facts, rules)
    }

    /// What mostly passes is given time, and a launcher that ran may have reported itself.
    private static func judge(_ failure: PodFailure, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        let transient =
            switch failure.outlook {
            case .permanentFailure: false
            case .transient: true
            // Kubelets back off after each pull, and old ones do not say why. Of a pod whose first init timer still runs it may be anything.
            case .unclear: (facts.isHealing || facts.round == 0) && !facts.isPermanent
            }
        let isOver = facts.hadTimeToHeal || facts.postponement == .unroutable && !self.mayTryLater(facts, rules)
        if transient, !isOver { return postpone(.healing, facts) }
        return fail(.pod(failure), facts, rules, mayHaveRun: failure.hasBegun)
    }

    /// Mostly the build has ended and was stopped; or somebody deleted its pod. Only the build API knows which.
    private static func verifyAbsent(_ detail: String?, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.build {
        case .waiting, .running, .unknown:
            guard facts.hasSearched else { return .perform(.searchPods) }
            return .perform(
                .reportFailure(.podGone(hasBegun: facts.build == .running, known: detail ?? facts.lastSeen)))
        case nil, .begun, .ended, .refused, .unavailable:
            return fail(.podGone(hasBegun: false, known: detail), facts, rules, mayHaveRun: true)
        }
    }
}

extension PodObservation {
    /// There is something to remove, or may be.
    fileprivate var isThere: Bool {
        switch self {
        case .pending, .running, .succeeded, .broken, .unknown: true
        case .terminating, .notOwned, .notFound: false
        }
    }
}

// MARK: - stop, clear, unreadable

extension BuildWorkflow {
    private static func stop(_ facts: Facts, _ rules: WorkflowRules) -> Decision { removePods(facts, rules) }

    private static func removePods(_ facts: Facts, _ rules: WorkflowRules) -> Decision {
        guard let deletion = facts.deletion else { return .perform(.deletePods) }
        return settlement(after: deletion, facts, rules)
    }

    private static func clear(_ facts: Facts, _ rules: WorkflowRules) -> Decision {
        guard let clearing = facts.clearing else { return .perform(.clearCache) }
        return settlement(after: clearing, facts, rules)
    }

    /// No build waits for these, so the limit ends them with a report in the log.
    private static func settlement(after outcome: Outcome, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch outcome {
        case .done: .settle(.ack)
        case .failed: self.mayTryLater(facts, rules) ? tryLater(facts) : .settle(.ack)
        }
    }

    /// Where there is nowhere to park, the message is dropped as the original does; the log has its hash and size.
    private static func park(_ facts: Facts) -> Decision {
        switch facts.parking {
        case nil: .perform(.park)
        case .confirmed, .unroutable: .settle(.ack)
        case .unconfirmed: .settle(.nack)
        }
    }

    /// Kept for an operator first; what follows may be the step that kills.
    private static func parkPoison(_ crashes: Int, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.parking {
        case nil: .perform(.park)
        case .confirmed, .unroutable: fail(.poison(crashes: crashes), facts, rules)
        case .unconfirmed: .settle(.nack)
        }
    }
}
