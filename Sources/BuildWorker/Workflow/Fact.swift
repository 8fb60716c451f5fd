/// What performing an ``Action`` taught. A failure is a fact too: performing never throws.
package enum Fact: Hashable, Sendable {
    case build(BuildState)
    case creation(CreationOutcome, PodDetails? = nil)
    /// By the pod's name.
    case pod(PodObservation, PodDetails? = nil)
    /// By the build's label.
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

/// What the build API says of a build.
package enum BuildState: Hashable, Sendable {
    /// QUEUED, BLOCKED or FROZEN.
    case waiting
    case running
    /// It does not wait any more: it runs, or has ended.
    case begun
    /// However it ended. Nothing may run for it, and nobody needs to be told anything.
    case ended
    /// The API does not take the message's token: it can be asked and told nothing of this build.
    case refused(Problem)
    /// The API has no answer to such a question.
    case unknown
    /// The API could not be asked now.
    case unavailable(Problem)
}

package enum CreationOutcome: Hashable, Sendable {
    /// `seen`: how the pod does by the answer itself, where that says enough.
    case created(seen: PodObservation? = nil)
    /// A pod of that name exists: made by an earlier delivery of this message, or by an attempt whose answer was lost.
    case alreadyExists
    /// The API server or a policy says no, or it is a message no pod can be made of: no retry can help.
    case rejected(Problem)
    /// A problem that may pass: quota, 429, 5xx, network, and the worker's own (token, rights, namespace).
    case refused(Problem)
}

/// Whether a message was handed to the broker.
package enum PublishResult: Hashable, Sendable, CaseIterable {
    /// Confirmed, and routed to a queue.
    case confirmed
    /// Returned: no queue takes it.
    case unroutable
    /// Not confirmed.
    case unconfirmed
}

package enum ReportOutcome: Hashable, Sendable {
    case taken
    /// The build had ended: there is nothing to tell.
    case ended
    /// A final answer: telling it again will not help.
    case refused(Problem)
    /// The API could not be reached or failed.
    case notTaken(Problem)
}

package enum NoteOutcome: Hashable, Sendable {
    case taken
    /// The build has ended.
    case ended
    /// A final answer; the build goes on without.
    case refused(Problem)
    /// The API could not be reached or failed; the build goes on without.
    case lost(Problem)
}

package enum Outcome: Hashable, Sendable {
    case done
    case failed(Problem)
}

/// All that is known about one delivery. `nil` means "not asked yet".
package struct Facts: Hashable, Sendable {
    /// How often this queue rejected the message before: Σ `x-death[].count` by queue and reason.
    package let attempt: Int
    /// It was delivered before, rejected or not.
    package let isRepeated: Bool
    /// A `verify` that an init timer brought, not yet rejected itself.
    package let isFromInitTimer: Bool
    /// Init timers that this build has had.
    package let round: Int
    /// This worker has seen a `stop` of the same build.
    package private(set) var wasStopped: Bool
    /// What is left of an earlier look at the pod, in words.
    package let lastSeen: String?
    /// The pod has been in trouble that may pass, and is being given time.
    package let isHealing: Bool
    /// That time is over.
    package let hadTimeToHeal: Bool
    /// A look a moment ago showed trouble that does not pass.
    package let isPermanent: Bool
    /// What it owes, or needs to know, the build API has failed to take or say for longer than a message may go round.
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
    /// Looks at the pod that were answered or failed in this delivery.
    package private(set) var looks = 0
    /// Pods were looked for by the build's label, too.
    package private(set) var hasSearched = false
    /// The build API said so, whatever it says later.
    package private(set) var hasBegun = false
    /// The cluster or the build API failed for everybody while this was handled, so that no build is at fault.
    package private(set) var isOutage = false
    /// In place of a rejection that the broker would not bring back the message was handed over.
    package private(set) var isReplaced = false
    /// When the image pull began, as it was first known: by a look of this delivery, or one before it, which the message carries. It is told
    /// to the build API with one value only.
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

    package mutating func record(_ fact: Fact) {
        switch fact {
        case .build(let state):
            self.build = state
            if state == .begun || state == .running { self.hasBegun = true }
        case .creation(let outcome, let details):
            self.creation = outcome
            self.note(details)
            // What was seen before holds no longer.
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
