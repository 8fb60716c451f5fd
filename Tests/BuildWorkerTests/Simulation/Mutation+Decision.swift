@testable import BuildWorker
@testable import Support
@testable import Workflow

extension Mutation {
    /// What the workflow would want with the planted bug.
    func decision(_ command: BuildCommand, _ facts: Facts, _ rules: WorkflowRules) -> Decision {
        let decision = BuildWorkflow.decision(for: command, given: facts, rules: rules)
        switch self {
        case .ackBeforeConfirm, .randomPodNames, .timerInMemory, .attemptsFromFirstDeath, .staleTags, .conflictIsAFault,
            .returnedIsHeld, .outageIsCharged:
            return decision
        case .failureAckedWhenNotTaken:
            if case .notTaken = facts.failure { return .settle(.ack) } else { return decision }
        case .repeatedStartAsksNobody:
            guard decision == .perform(.ask(.isWaiting)), command == .start else { return decision }
            return self.decision(command, facts.knowing(.build(.waiting)), rules)
        case .refusedNoteIsForgotten: return facts.note == .ended ? .settle(.ack) : decision
        case .stoppedStartLeavesItsPod: return facts.wasStopped && command == .start ? .settle(.ack) : decision
        case .verifyNeverRearms:
            guard case .perform(.armTimer) = decision, command == .verify else { return decision }
            return .settle(.ack)
        case .absentMeansFailed:
            guard decision == .perform(.ask(.hasEnded)), command == .verify else { return decision }
            return self.decision(command, facts.knowing(.build(.waiting)), rules)
        case .healingIsNotAwaited:
            guard decision == .perform(.postpone(.healing)), case .broken(let failure) = facts.pod else {
                return decision
            }
            return .perform(.reportFailure(.pod(failure)))
        case .owedForEver:
            guard decision == .perform(.park), command == .start || command == .verify else { return decision }
            return facts.postponement == .confirmed
                ? .settle(.ack) : facts.postponement == nil ? .perform(.postpone(.owed)) : .settle(.nack)
        case .unreadableIsRejected: return command == .unreadable ? .settle(.nack) : decision
        case .failsWithoutALook:
            guard decision == .perform(.getPod), facts.attempt >= rules.reprocessLimit,
                case .refused(let problem) = facts.creation
            else { return decision }
            return .perform(.reportFailure(.retriesExhausted(retries: facts.attempt, problem)))
        }
    }
}

extension Facts {
    fileprivate func knowing(_ fact: Fact) -> Facts {
        var facts = self
        facts.record(fact)
        return facts
    }
}

extension Action {
    /// It hands a message to the broker.
    var isHandOver: Bool {
        switch self {
        case .armTimer, .requestVerification, .park, .postpone: true
        case .ask, .createPod, .getPod, .searchPods, .deletePods, .keepTimer, .notifyBuild, .reportFailure, .clearCache:
            false
        }
    }
}
