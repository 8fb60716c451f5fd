package import Support

/// The next step for a delivery, given its facts.
package enum Decision: Hashable, Sendable {
    case perform(Action)
    /// The last decision of every delivery.
    case settle(Settlement)
}

/// One external operation. Each yields a new ``Fact``.
package enum Action: Hashable, Sendable {
    /// Query the build API → ``Fact/build(_:)``.
    case ask(BuildQuestion)
    /// → ``Fact/creation(_:)``
    case createPod
    /// Read the pod by the build's pod name → ``Fact/pod(_:)``.
    case getPod
    /// Search pods by the build's label, whatever their names → ``Fact/search(_:)``. More expensive than ``getPod``.
    case searchPods
    /// Delete the build's pods → ``Fact/deletion(_:)``.
    case deletePods
    /// Publish a delayed `verify` that returns after the init timeout → ``Fact/timer(_:)``. `round` counts from 1. The
    /// status update is sent concurrently, whatever the timer's result → ``Fact/note(_:)``.
    case armTimer(round: Int, telling: StatusUpdate?)
    /// The broker has no queue for the timer: run it in this process → ``Fact/timerKept(_:)``.
    case keepTimer(round: Int)
    /// Publish an immediate `verify` to the retry queue → ``Fact/verification(_:)``.
    /// `isPermanent`: the pod's problem is permanent, whatever the next read shows.
    case requestVerification(isPermanent: Bool)
    /// Send the build API a status update on a best-effort basis → ``Fact/note(_:)``.
    case notifyBuild(StatusUpdate)
    /// Set the build to FAILURE → ``Fact/failure(_:)``.
    case reportFailure(FailureCause)
    /// → ``Fact/clearing(_:)``
    case clearCache
    /// Move the message unchanged to the parked queue → ``Fact/parking(_:)``.
    case park
    /// Republish the message for a delayed retry, without counting an attempt → ``Fact/postponement(_:)``.
    case postpone(PostponeReason)
}

/// Queries that the message's token permits. None returns the build itself, which that token may not read.
package enum BuildQuestion: Hashable, Sendable {
    /// Whether the build has not started yet. No side effects; "no" leaves open whether it is running or has ended.
    case isWaiting
    /// Whether the build has ended. Conclusive, but erases the build's status message: only for builds without a live
    /// pod, whose next status message is the final one.
    case hasEnded
}

/// Why a message goes to its wait queue, mostly without an attempt. Each reason has its own clock, kept in the message.
package enum PostponeReason: Hashable, Sendable, CaseIterable {
    /// A service is unavailable for all builds: retried as long as that lasts.
    case outage
    /// The build API fails for this build and still has to accept a FAILURE or answer: until ``Facts/isOverdue``.
    case owed
    /// Suspected of crashing a worker: other messages go first, to find the culprit.
    case aside
    /// Replaces a rejection after which the broker would not return the message; counts as an attempt.
    case counted
    /// The pod has a usually transient problem: until ``Facts/hadTimeToHeal``.
    case healing
}

/// Status updates sent to the build API while a build starts.
package enum StatusUpdate: Hashable, Sendable {
    /// The pod is scheduled; the image pull begins.
    case scheduled(node: String)
    case waitingForResources
    /// The init timer fired and the pod is still pending.
    case delayed
}
