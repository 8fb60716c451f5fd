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
        case .failureAckedWhenNotTaken: return handling.facts.failure == .notTaken ? .settle(.ack) : action
        case .repeatedStartAsksNobody:
            guard action == .askForBuild, handling.command == .start else { return action }
            self.handlings[index].facts.record(.build(.active))
            return self.nextAction(index)
        case .refusedNoteIsForgotten: return handling.facts.note == .refused ? .settle(.ack) : action
        case .refusedFailureIsForgotten: return handling.facts.failure == .refused ? .settle(.ack) : action
        case .stoppedStartLeavesItsPod: return handling.facts.wasStopped && handling.command == .start ? .settle(.ack) : action
        case .verifyNeverRearms:
            guard case .armTimer = action, handling.command == .verify else { return action }
            return .settle(.ack)
        case .unreadableIsRejected: return handling.command == .unreadable ? .settle(.nack) : action
        case .failsWithoutALook:
            guard action == .lookAtPod, handling.facts.attempt >= self.schedule.rules.reprocessLimit, case .refused(let detail) = handling.facts.creation
            else { return action }
            return .reportFailure(.retriesExhausted(retries: handling.facts.attempt, detail: detail))
        }
    }
}

extension Action {
    /// It hands a message to the broker.
    var isHandOver: Bool {
        switch self {
        case .armTimer, .requestVerification, .park, .postpone: true
        case .askForBuild, .createPod, .lookAtPod, .listPods, .deletePods, .keepTimer, .tellBuild, .reportFailure, .clearCache, .settle: false
        }
    }
}
