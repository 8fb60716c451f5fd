import BuildWorker

/// A planted bug: what systems of this kind did wrong, one at a time. The simulation has to find each.
enum Mutation: CaseIterable {
    /// Publishes, and acks without waiting for the broker's confirm.
    case ackBeforeConfirm
    /// Each attempt makes a pod of a new name.
    case randomPodNames
    /// The init timer is in the process's memory.
    case timerInMemory
    /// The attempts are the count of the first `x-death` entry, whatever queue and reason that is of.
    case attemptsFromFirstDeath
    /// The message goes though the API did not take the build's FAILURE.
    case failureAckedWhenNotTaken
    /// A repeated start does not ask whether its build has ended.
    case repeatedStartAsksNobody
    /// A build that is still pending when its timer fires is left alone.
    case verifyNeverRearms
    /// What nobody can read is rejected, again and again.
    case unreadableIsRejected
    /// Settlements are sent on whatever channel there is now.
    case staleTags
    /// Messages of one build are handled side by side.
    case messagesOfOneBuildAtOnce
    /// 409 counts as a failed attempt.
    case conflictIsAFault
    /// After the last attempt the build is failed without looking for its pod.
    case failsWithoutALook
    /// A message that the broker returned counts as held.
    case returnedIsHeld
}

extension Mutation {
    /// What it has to be caught by. A planted bug may break more.
    var broken: Violation.Promise {
        switch self {
        case .ackBeforeConfirm, .failureAckedWhenNotTaken, .verifyNeverRearms, .staleTags, .returnedIsHeld: .settledLast
        case .randomPodNames: .oneBuildOnePod
        case .timerInMemory: .everyBuildIsHeld
        case .attemptsFromFirstDeath, .failsWithoutALook: .failureHasACause
        case .repeatedStartAsksNobody: .endedStaysEnded
        case .unreadableIsRejected, .conflictIsAFault: .attemptHasACause
        case .messagesOfOneBuildAtOnce: .stopLeavesNoPod
        }
    }
}

extension Simulation {
    /// What the workflow wants, or what it would want with the planted bug.
    func nextAction(_ index: Int) -> Action {
        let handling = self.handlings[index]
        let action = BuildWorkflow.nextAction(for: handling.command, given: handling.facts, rules: self.schedule.rules)
        switch self.mutation {
        case nil, .ackBeforeConfirm, .randomPodNames, .timerInMemory, .attemptsFromFirstDeath, .staleTags, .messagesOfOneBuildAtOnce,
            .conflictIsAFault, .returnedIsHeld:
            return action
        case .failureAckedWhenNotTaken: return handling.facts.failure == .notTaken ? .settle(.ack) : action
        case .repeatedStartAsksNobody:
            guard action == .askForBuild, handling.command == .start else { return action }
            self.handlings[index].facts.record(.build(.active))
            return self.nextAction(index)
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
