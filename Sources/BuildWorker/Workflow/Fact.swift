/// What performing an ``Action`` taught. Failures are facts, too: performing never throws.
package enum Fact: Hashable, Sendable {
    case build(BuildState)
    case creation(CreationOutcome, PodDetails? = nil)
    /// Found by pod name.
    case pod(PodObservation, PodDetails? = nil)
    /// Found by build label.
    case search(PodObservation, PodDetails? = nil)
    case deletion(Outcome)
    case timer(PublishResult)
    case timerKept(Outcome)
    case verification(PublishResult)
    case note(NoteOutcome)
    case failure(ReportOutcome)
    case clearing(Outcome)
    case parking(PublishResult)
    case postponement(PublishResult)
}

/// A build's state, according to the build API.
package enum BuildState: Hashable, Sendable {
    /// QUEUED, BLOCKED or FROZEN.
    case waiting
    case running
    /// No longer waiting: running, or ended.
    case begun
    /// Ended, in whatever way. Nothing may run for it, and no update is needed.
    case ended
    /// The API rejects the message's token: nothing can be read or written for this build.
    case refused(Problem)
    /// The API cannot answer such a question.
    case unknown
    case unavailable(Problem)
}

package enum CreationOutcome: Hashable, Sendable {
    /// `seen`: the pod's state according to the response, if that is conclusive.
    case created(seen: PodObservation? = nil)
    /// A pod with that name exists, from an earlier delivery or from an attempt whose response was lost.
    case alreadyExists
    /// Rejected by the API server or a policy, or no pod can be built from the message. Retrying cannot help.
    case rejected(Problem)
    /// May pass: quota, 429, 5xx, network, or the worker's own setup (token, permissions, namespace).
    case refused(Problem)
}

package enum PublishResult: Hashable, Sendable, CaseIterable {
    /// Confirmed, and routed to a queue.
    case confirmed
    /// Returned: not routed to any queue.
    case unroutable
    case unconfirmed
}

package enum ReportOutcome: Hashable, Sendable {
    case taken
    /// The build had ended: no update needed.
    case ended
    /// A final answer: retrying cannot help.
    case refused(Problem)
    /// The API was unreachable or failed.
    case notTaken(Problem)
}

package enum NoteOutcome: Hashable, Sendable {
    case taken
    case ended
    /// A final answer; the build continues without the update.
    case refused(Problem)
    /// The API was unreachable or failed; the build continues without the update.
    case lost(Problem)
}

package enum Outcome: Hashable, Sendable {
    case done
    case failed(Problem)
}

/// Everything known about one delivery. `nil` means "not asked yet".
package struct Facts: Hashable, Sendable {
    /// Rejections of this message by this queue so far: Σ `x-death[].count` by queue and reason.
    package let attempt: Int
    /// Delivered before, rejected or not.
    package let isRepeated: Bool
    /// A `verify` from an init timer, not yet rejected itself.
    package let isFromInitTimer: Bool
    /// Init timers this build has had.
    package let round: Int
    /// This worker has processed a `stop` of the same build.
    package private(set) var wasStopped: Bool
    /// A description of an earlier pod observation.
    package let lastSeen: String?
    /// The pod has a transient problem and is within its heal timeout.
    package let isHealing: Bool
    package let hadTimeToHeal: Bool
    /// A pod read a moment ago showed a permanent problem.
    package let isPermanent: Bool
    /// The build API has failed to accept an update or answer a query for longer than the API patience allows.
    package let isOverdue: Bool

    package var build: BuildState?
    package var creation: CreationOutcome?
    package var pod: PodObservation?
    package var deletion: Outcome?
    package var timer: PublishResult?
    package var timerKept: Outcome?
    package var verification: PublishResult?
    package var note: NoteOutcome?
    package var failure: ReportOutcome?
    package var clearing: Outcome?
    package var parking: PublishResult?
    package var postponement: PublishResult?
    /// Pod reads answered or failed in this delivery.
    package private(set) var looks = 0
    /// Pods were also searched by the build's label.
    package private(set) var hasSearched = false
    /// The build API has said so; not reset by later answers.
    package private(set) var hasBegun = false
    /// The cluster or the build API failed for all builds during this delivery, so this build is not at fault.
    package private(set) var isOutage = false
    /// The message was republished, because after a rejection the broker would not return it.
    package private(set) var isReplaced = false
    /// When the image pull began, as first observed (carried in the message). The build API gets one value only.
    package private(set) var pullStart: String?

    package init(
        attempt: Int = 0, isRepeated: Bool = false, isFromInitTimer: Bool = false, round: Int = 0,
        wasStopped: Bool = false, lastSeen: String? = nil,
        isHealing: Bool = false, hadTimeToHeal: Bool = false, isPermanent: Bool = false, isOverdue: Bool = false,
        pullStart: String? = nil
    ) {
        self.attempt = attempt
        self.isRepeated = isRepeated || attempt > 0
        self.isFromInitTimer = isFromInitTimer
        self.round = round
        self.wasStopped = wasStopped
        (self.lastSeen, self.pullStart) = (lastSeen, pullStart)
        (self.isHealing, self.hadTimeToHeal, self.isPermanent, self.isOverdue) = (
            isHealing, hadTimeToHeal, isPermanent, isOverdue
        )
    }

    package mutating func recordOutage() { self.isOutage = true }
    mutating func recordStop() { self.wasStopped = true }
    mutating func recordReplacement() { self.isReplaced = true }

    private mutating func note(_ details: PodDetails?) { self.pullStart = self.pullStart ?? details?.pullStart }

    /// The message was not parked after all.
    mutating func forgetParking() { self.parking = nil }

    package mutating func record(_ fact: Fact) {
        switch fact {
        case .build(let state):
            self.build = state
            if state == .begun || state == .running { self.hasBegun = true }
        case .creation(let outcome, let details):
            self.creation = outcome
            self.note(details)
            // Earlier observations no longer hold.
            self.pod = if case .created(let seen) = outcome { seen } else { nil }
        case .pod(let observation, let details):
            self.pod = observation
            self.note(details)
            self.looks += 1
        case .search(let observation, let details):
            self.pod = observation
            self.note(details)
            self.looks += 1
            self.hasSearched = true
        case .deletion(let outcome): self.deletion = outcome
        case .timer(let handOver): self.timer = handOver
        case .timerKept(let outcome): self.timerKept = outcome
        case .verification(let handOver): self.verification = handOver
        case .note(let outcome): self.note = outcome
        case .failure(let outcome): self.failure = outcome
        case .clearing(let outcome): self.clearing = outcome
        case .parking(let handOver): self.parking = handOver
        case .postponement(let handOver): self.postponement = handOver
        }
    }
}
