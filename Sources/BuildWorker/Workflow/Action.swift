/// The next thing to do with a delivery. All but ``settle(_:)`` teach a new ``Fact``.
public enum Action: Hashable, Sendable {
    /// Ask the build API for the build's status → ``Fact/build(_:)``.
    case askForBuild
    /// → ``Fact/creation(_:)``
    case createPod
    /// Look at the pod of the build's own name → ``Fact/pod(_:)``.
    case lookAtPod
    /// Look at all pods with the build's label → ``Fact/pod(_:)``.
    case listPods
    /// Remove all pods with the build's label → ``Fact/deletion(_:)``.
    case deletePods
    /// Have the broker bring `verify` back after the init timeout → ``Fact/timer(_:)``.
    /// `round` counts the build's timers from 1. The note is told meanwhile, whatever becomes of the timer → ``Fact/note(_:)``: both are requests
    /// to others, and a build waits for the slower one instead of for both.
    case armTimer(round: Int, telling: BuildNote?)
    /// The broker has no init queue: keep the timer in this process → ``Fact/timerKept(_:)``.
    case keepTimer(round: Int)
    /// Publish `verify` to the retry queue, to be handled now → ``Fact/verification(_:)``.
    case requestVerification
    /// Tell the build API something that is good to know; it may be lost → ``Fact/note(_:)``.
    case tellBuild(BuildNote)
    /// Set the build to FAILURE → ``Fact/failure(_:)``.
    case reportFailure(FailureCause)
    /// → ``Fact/clearing(_:)``
    case clearCache
    /// Put the message, as it is, where an operator finds it → ``Fact/parking(_:)``.
    case park
    /// Hand the message to the broker for another try after a wait, without counting an attempt → ``Fact/postponement(_:)``.
    case postpone
    /// The last action of every delivery.
    case settle(Settlement)
}

/// What the build API is told while a build starts.
public enum BuildNote: Hashable, Sendable {
    /// The pod has a node; the image pull begins.
    case scheduled(node: String)
    case waitingForResources
    /// The init timer fired and the pod is still pending.
    case delayed
}
