import BuildWorker

extension Simulation {
    /// What the workflow wants, or what it would want with the planted bug.
    func nextAction(_ index: Int) -> Action {
        let handling = self.handlings[index]
        let action = BuildWorkflow.nextAction(for: handling.command, given: handling.facts, rules: self.schedule.rules)
        switch self.mutation {
        case nil, .ackBeforeConfirm, .randomPodNames, .timerInMemory, .attemptsFromFirstDeath, .staleTags, .conflictIsAFault,
            .returnedIsHeld, .outageIsCharged:
            return action
        case .failureAckedWhenNotTaken: if case .notTaken = handling.facts.failure { return .settle(.ack) } else { return action }
        case .repeatedStartAsksNobody:
            guard action == .ask(.isWaiting), handling.command == .start else { return action }
            self.handlings[index].facts.record(.build(.waiting))
            return self.nextAction(index)
        case .refusedNoteIsForgotten: return handling.facts.note == .ended ? .settle(.ack) : action
        case .stoppedStartLeavesItsPod: return handling.facts.wasStopped && handling.command == .start ? .settle(.ack) : action
        case .verifyNeverRearms:
            guard case .armTimer = action, handling.command == .verify else { return action }
            return .settle(.ack)
        case .absentMeansFailed:
            guard action == .ask(.hasEnded), handling.command == .verify else { return action }
            self.handlings[index].facts.record(.build(.waiting))
            return self.nextAction(index)
        case .healingIsNotAwaited:
            guard action == .postpone(.healing), case .broken(let failure) = handling.facts.pod else { return action }
            return .reportFailure(.pod(failure))
        case .owedForEver:
            guard action == .park, handling.command == .start || handling.command == .verify else { return action }
            return handling.facts.postponement == .held ? .settle(.ack) : handling.facts.postponement == nil ? .postpone(.owed) : .settle(.nack)
        case .unreadableIsRejected: return handling.command == .unreadable ? .settle(.nack) : action
        case .failsWithoutALook:
            guard action == .lookAtPod, handling.facts.attempt >= self.schedule.rules.reprocessLimit, case .refused(let problem) = handling.facts.creation
            else { return action }
            return .reportFailure(.retriesExhausted(retries: handling.facts.attempt, problem))
        }
    }
}

extension Action {
    /// It hands a message to the broker.
    var isHandOver: Bool {
        switch self {
        case .armTimer, .requestVerification, .park, .postpone: true
        case .ask, .createPod, .lookAtPod, .searchPods, .deletePods, .keepTimer, .tellBuild, .reportFailure, .clearCache, .settle: false
        }
    }
}
