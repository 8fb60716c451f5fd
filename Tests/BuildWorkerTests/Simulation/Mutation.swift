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
    /// The message goes though the build API did not accept the build's FAILURE.
    case failureAckedWhenNotTaken
    /// A repeated start does not ask whether its build has ended.
    case repeatedStartAsksNobody
    /// A build that is still pending when its timer fires is left alone.
    case verifyNeverRearms
    /// No pod means FAILURE, as if no build ended within its init timer.
    case absentMeansFailed
    /// The first trouble with an image fails the build.
    case healingIsNotAwaited
    /// What the API does not take of one build goes round for ever.
    case owedForEver
    /// What nobody can read is rejected, again and again.
    case unreadableIsRejected
    /// Settlements are sent on whatever channel there is now.
    case staleTags
    /// 409 counts as a failed attempt.
    case conflictIsAFault
    /// After the last attempt the build is failed without looking for its pod.
    case failsWithoutALook
    /// A message that the broker returned counts as held.
    case returnedIsHeld
    /// While a service is away for everybody, each failure is charged to its build.
    case outageIsCharged
    /// A note that the API refuses is forgotten, though the build may have been stopped.
    case refusedNoteIsForgotten
    /// A repeated start of a stopped build leaves alone what its earlier delivery made.
    case stoppedStartLeavesItsPod
}

extension Mutation {
    /// What it has to be caught by. A planted bug may break more.
    var broken: Violation.Promise {
        switch self {
        case .ackBeforeConfirm, .failureAckedWhenNotTaken, .verifyNeverRearms, .staleTags, .returnedIsHeld: .settledLast
        case .randomPodNames: .oneBuildOnePod
        case .timerInMemory: .everyBuildIsHeld
        case .attemptsFromFirstDeath, .failsWithoutALook, .absentMeansFailed, .healingIsNotAwaited: .failureHasACause
        case .owedForEver: .nothingHangs
        case .repeatedStartAsksNobody: .endedStaysEnded
        case .unreadableIsRejected, .conflictIsAFault, .outageIsCharged: .attemptHasACause
        case .refusedNoteIsForgotten, .stoppedStartLeavesItsPod: .stopLeavesNoPod
        }
    }
}
