package import Support

/// What follows from what is known of a delivery.
package enum Decision: Hashable, Sendable {
    case perform(Action)
    /// The last decision of every delivery.
    case settle(Settlement)
}

/// Something to ask, to tell or to make. Each teaches a new ``Fact``.
package enum Action: Hashable, Sendable {
    /// Ask the build API about the build → ``Fact/build(_:)``.
    case ask(BuildQuestion)
    /// → ``Fact/creation(_:)``
    case createPod
    /// Look at the pod of the build's own name → ``Fact/pod(_:)``.
    case getPod
    /// Look for pods with the build's label, whatever they are called → ``Fact/search(_:)``. Costs a cluster more than ``getPod``.
    case searchPods
    /// Remove the build's pods → ``Fact/deletion(_:)``.
    case deletePods
    /// Have the broker bring `verify` back after the init timeout → ``Fact/timer(_:)``.
    /// `round` counts the build's timers from 1. The note is told meanwhile, whatever becomes of the timer → ``Fact/note(_:)``: both are requests
    /// to others, and a build waits for the slower one instead of for both.
    case armTimer(round: Int, telling: StatusUpdate?)
    /// The broker has no queue for it: keep the timer in this process → ``Fact/timerKept(_:)``.
    case keepTimer(round: Int)
    /// Publish `verify` to the retry queue, to be handled now → ``Fact/verification(_:)``. `isPermanent`: what was seen of the pod will not
    /// pass, whatever it shows then.
    case requestVerification(isPermanent: Bool)
    /// Tell the build API something that is good to know; it may be lost → ``Fact/note(_:)``.
    case notifyBuild(StatusUpdate)
    /// Set the build to FAILURE → ``Fact/failure(_:)``.
    case reportFailure(FailureCause)
    /// → ``Fact/clearing(_:)``
    case clearCache
    /// Put the message, as it is, where an operator finds it → ``Fact/parking(_:)``.
    case park
    /// Hand the message to the broker for another try after a wait, without counting an attempt → ``Fact/postponement(_:)``.
    case postpone(PostponeReason)
}

/// What the build API can be asked with the token of a build's message. None shows the build itself, which that token may not read.
package enum BuildQuestion: Hashable, Sendable {
    /// Whether it still waits to begin. Changes nothing, but leaves open whether a build that does not wait runs or has ended.
    case isWaiting
    /// Whether it has ended. The answer is certain, but a status message that the build had is gone: only for builds that have no pod, or
    /// whose pod is dead, so that the next message is the one of their end.
    case hasEnded
}

/// Why a message is handed to its wait queue, mostly without an attempt. Each has its own clock, which goes along with the message.
package enum PostponeReason: Hashable, Sendable, CaseIterable {
    /// A service is away for everybody: for as long as that lasts.
    case outage
    /// The build API fails for this build, and is owed a FAILURE or an answer: until ``Facts/isOverdue``.
    case owed
    /// A worker died of it, or of what it asked: others go first, to show which.
    case aside
    /// In place of a rejection that the broker would not bring back: an attempt all the same.
    case counted
    /// The pod is in trouble that mostly passes: until ``Facts/hadTimeToHeal``.
    case healing
}

/// What the build API is told while a build starts.
package enum StatusUpdate: Hashable, Sendable {
    /// The pod has a node; the image pull begins.
    case scheduled(node: String)
    case waitingForResources
    /// The init timer fired and the pod is still pending.
    case delayed
}
