internal import Support

/// WORKFLOW.md as code: pure, total, and the only place that interprets build messages.
///
/// ``DeliveryMachine`` performs actions until ``Decision/settle(_:)``; this ends, for each fills an unknown fact.
package enum BuildWorkflow {
    package static func decision(for command: BuildCommand, given facts: Facts, rules: WorkflowRules) -> Decision {
        // Once a report has begun, it determines the rest, whatever led to it.
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
        // A `stop` may have been processed, perhaps by another worker, before there was a pod to delete.
        case .ended: if case .poison = command { .settle(.ack) } else { removePods(facts, rules) }
        // An unaccepted FAILURE remains owed, even past the limit.
        case .notTaken: owe(facts)
        }
    }

    /// Retries after a delay. During an outage this does not count as an attempt at the build.
    private static func tryLater(_ facts: Facts) -> Decision {
        facts.isOutage ? postpone(.outage, facts) : .settle(.nack)
    }

    /// If the broker does not accept the postponement, the attempt counts.
    private static func postpone(_ reason: PostponeReason, _ facts: Facts) -> Decision {
        switch facts.postponement {
        case nil: .perform(.postpone(reason))
        case .confirmed: .settle(.ack)
        case .unroutable, .unconfirmed: .settle(.nack)
        }
    }

    /// Waits for the build API to accept an update or answer a query. Not counted as an attempt, or the real cause
    /// would be lost at the limit; bounded, because the API may fail for this build alone: the message is then parked.
    private static func owe(_ facts: Facts) -> Decision {
        guard !facts.isOutage else { return postpone(.outage, facts) }
        // Without a wait queue that accepts the message and its clock, the attempts serve as the clock.
        guard facts.isOverdue || facts.postponement == .unroutable && facts.attempt > WorkflowRules.attemptsOfADay
        else { return postpone(.owed, facts) }
        return switch facts.parking {
        case nil: .perform(.park)
        // Not parked: the report contains everything that is owed.
        case .confirmed, .unroutable: .settle(.ack)
        case .unconfirmed: postpone(.owed, facts)
        }
    }

    private static func mayTryLater(_ facts: Facts, _ rules: WorkflowRules) -> Bool {
        facts.isOutage || facts.attempt < rules.reprocessLimit
    }

    /// Retries after a delay, up to the limit.
    private static func retryOrFail(_ problem: Problem, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        guard !self.mayTryLater(facts, rules) else { return tryLater(facts) }
        return fail(
            .retriesExhausted(retries: min(facts.attempt, rules.reprocessLimit), problem), facts, rules,
            mayHaveRun: true)
    }

    /// Fails the build, unless it has ended; only the build API knows whether it has.
    ///
    /// - Parameter mayHaveRun: the build may have run, so query whether it has ended. If `false`, it most likely has
    ///   not started, and the query without side effects is used.
    private static func fail(_ cause: FailureCause, _ facts: Facts, _ rules: WorkflowRules, mayHaveRun: Bool = false)
        -> Decision
    {
        switch facts.build {
        case nil: .perform(.ask(mayHaveRun ? .hasEnded : .isWaiting))
        case .begun: .perform(.ask(.hasEnded))
        case .waiting, .unknown: .perform(.reportFailure(cause))
        // Its launcher is running, whatever this worker failed to do or observe.
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

    /// An earlier delivery of this start may have created the pod, and the build may have started or ended since.
    ///
    /// - Returns: `nil` if a pod is to be created.
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
            // The build is known to have started: do not start it again.
            case .running: return .perform(.reportFailure(.podGone(hasBegun: true, known: nil)))
            case .begun: return .perform(.ask(.hasEnded))
            case .unavailable where facts.hasBegun, .unknown where facts.hasBegun: return owe(facts)
            // Past the limit, no pod is created.
            case nil, .waiting, .ended, .refused, .unknown, .unavailable:
                guard facts.attempt > rules.reprocessLimit else { return nil }
                return fail(
                    .retriesExhausted(retries: rules.reprocessLimit, Problem(.other, "its pod could not be started")),
                    facts, rules)
            }
        // Unconfirmed timers count as attempts with the broker, so at the limit an unreadable pod may well be running.
        case .unknown where facts.attempt >= rules.reprocessLimit: return owe(facts)
        case .pending, .running, .succeeded, .broken, .terminating, .notOwned, .unknown: return watch(facts, rules)
        }
    }

    /// The last attempt may have succeeded although its response was lost: read the pod before failing the build.
    private static func adoptOrFail(_ problem: Problem, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.pod {
        case nil: .perform(.getPod)
        case .pending, .running, .succeeded, .broken: watch(facts, rules)
        case .terminating, .notOwned, .notFound, .unknown:
            fail(.retriesExhausted(retries: facts.attempt, problem), facts, rules)
        }
    }

    /// The pod exists: read it, and watch it until it has started.
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
            // The pod disappeared between the two requests. If this delivery only found it, create a new one.
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

    /// The pod has a problem or could not be read: verify immediately through the retry queue. If that cannot be
    /// published, judge a known cause now; otherwise leave it to the init timer.
    private static func verifyNow(_ failure: PodFailure?, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.verification {
        case nil: return .perform(.requestVerification(isPermanent: failure?.outlook == .permanentFailure))
        case .confirmed: return .settle(.ack)
        case .unroutable: return failure.map { judge($0, facts, rules) } ?? keepTimer(round: 1, facts) ?? .settle(.ack)
        case .unconfirmed: return .settle(.nack)
        }
    }

    /// - Returns: `nil` if the timer is running.
    private static func keepTimer(round: Int, _ facts: Facts) -> Decision? {
        switch facts.timerKept {
        case nil: .perform(.keepTimer(round: round))
        case .done: nil
        case .failed: .settle(.nack)
        }
    }

    /// A lost status update does not stop the watch; an unconfirmed timer returns the message, and the update repeats.
    private static func armTimer(round: Int, note: StatusUpdate?, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.timer {
        case nil: return .perform(.armTimer(round: round, telling: note))
        case .confirmed: break
        case .unroutable: if let action = keepTimer(round: round, facts) { return action }
        // The pod is fine and the broker will recover: not an attempt at the build, so no limit.
        case .unconfirmed: return .settle(.nack)
        }
        guard let note else { return .settle(.ack) }
        return tell(note, facts, rules)
    }

    /// The API rejects updates for an ended build. Its `stop` may have been processed, perhaps by another worker,
    /// before there was a pod to delete, so delete it here. Deletion leaves the pod the grace period of any `stop`.
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
            // No later check follows, so in an outage wait for the API's answer.
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
            // The pod may have started a moment ago.
            guard facts.looks > 1 else { return .perform(.getPod) }
            return fail(.neverBegan(waited: rules.initTimeout * facts.round, waitsFor: waitsFor), facts, rules)
        }
        return armTimer(round: facts.round + 1, note: facts.isFromInitTimer ? .delayed : nil, facts, rules)
    }

    /// Transient problems get time, and a launcher that ran may have reported the result itself.
    private static func judge(_ failure: PodFailure, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        let transient =
            switch failure.outlook {
            case .permanentFailure: false
            case .transient: true
            // Kubelets back off after each pull, old ones without a reason. On the first init timer assume transient.
            case .unclear: (facts.isHealing || facts.round == 0) && !facts.isPermanent
            }
        let isOver = facts.hadTimeToHeal || facts.postponement == .unroutable && !self.mayTryLater(facts, rules)
        if transient, !isOver { return postpone(.healing, facts) }
        return fail(.pod(failure), facts, rules, mayHaveRun: failure.hasBegun)
    }

    /// Usually the build has ended and was stopped, or its pod was deleted. Only the build API knows which.
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
    /// There is, or may be, something to delete.
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

    /// No build waits for these: at the limit they end with an error in the log.
    private static func settlement(after outcome: Outcome, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch outcome {
        case .done: .settle(.ack)
        case .failed: self.mayTryLater(facts, rules) ? tryLater(facts) : .settle(.ack)
        }
    }

    /// Without a parked queue the message is dropped, as in the original; the log has its hash and size.
    private static func park(_ facts: Facts) -> Decision {
        switch facts.parking {
        case nil: .perform(.park)
        case .confirmed, .unroutable: .settle(.ack)
        case .unconfirmed: .settle(.nack)
        }
    }

    /// Parks the message before anything else: the following step may crash the worker.
    private static func parkPoison(_ crashes: Int, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        switch facts.parking {
        case nil: .perform(.park)
        case .confirmed, .unroutable: fail(.poison(crashes: crashes), facts, rules)
        case .unconfirmed: .settle(.nack)
        }
    }
}
