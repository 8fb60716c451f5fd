/// What performing an ``Action`` taught. A failure is a fact too: performing never throws.
public enum Fact: Hashable, Sendable {
    case build(BuildState)
    case creation(CreationOutcome)
    case pod(PodObservation)
    case deletion(Outcome)
    case timer(HandOver)
    case timerKept(Outcome)
    case verification(HandOver)
    case note(NoteOutcome)
    case failure(ReportOutcome)
    case clearing(Outcome)
    case parking(HandOver)
    case postponement(HandOver)
}

/// What the build API says of a build.
public enum BuildState: Hashable, Sendable {
    case active
    /// Somebody stopped it: nothing may run for it any more.
    case aborted
    /// It succeeded or failed: nothing may start any more.
    case finished
    /// The API says there is no way to know (a final 4xx).
    case unknown
    /// The API could not be asked now.
    case unavailable(detail: String)
}

public enum CreationOutcome: Hashable, Sendable {
    /// `seen`: how the pod does by the answer itself, where that says enough.
    case created(seen: PodObservation? = nil)
    /// A pod of that name exists: made by an earlier delivery of this message, or by an attempt whose answer was lost.
    case alreadyExists
    /// 400 or 422, or a message no pod can be made of: no retry can help.
    case rejected(detail: String)
    /// A fault that may pass: quota, 429, 5xx, network, and the worker's own (token, rights, namespace).
    case refused(detail: String)
}

/// Whether a message was handed to the broker.
public enum HandOver: Hashable, Sendable, CaseIterable {
    /// Confirmed, and routed to a queue.
    case held
    /// Returned: no queue takes it.
    case noQueue
    /// Not confirmed.
    case notHeld
}

public enum ReportOutcome: Hashable, Sendable, CaseIterable {
    case taken
    /// A final answer: telling it again will not help.
    case refused
    /// The API could not be reached or failed.
    case notTaken
}

public enum NoteOutcome: Hashable, Sendable, CaseIterable {
    case taken
    /// A final answer. The API gives it for a build that has ended.
    case refused
    /// The API could not be reached or failed; the build goes on without.
    case lost
}

public enum Outcome: Hashable, Sendable {
    case done
    case failed(detail: String)
}

/// All that is known about one delivery. `nil` means "not asked yet".
public struct Facts: Hashable, Sendable {
    /// How often this queue rejected the message before: Σ `x-death[].count` by queue and reason.
    public let attempt: Int
    /// It was delivered before, rejected or not.
    public let isRepeated: Bool
    /// A `verify` that an init timer brought, not yet rejected itself.
    public let isFromInitTimer: Bool
    /// Init timers that this build has had.
    public let round: Int
    /// This worker has seen a `stop` of the same build.
    public let wasStopped: Bool

    public var build: BuildState?
    public var creation: CreationOutcome?
    public var pod: PodObservation?
    public var deletion: Outcome?
    public var timer: HandOver?
    public var timerKept: Outcome?
    public var verification: HandOver?
    public var note: NoteOutcome?
    public var failure: ReportOutcome?
    public var clearing: Outcome?
    public var parking: HandOver?
    public var postponement: HandOver?
    /// Looks at the pod that were answered or failed in this delivery.
    public private(set) var looks = 0
    /// The cluster or the build API failed for everybody while this was handled, so that no build is at fault.
    public private(set) var isOutage = false

    public init(attempt: Int = 0, isRepeated: Bool = false, isFromInitTimer: Bool = false, round: Int = 0, wasStopped: Bool = false) {
        self.attempt = attempt
        self.isRepeated = isRepeated || attempt > 0
        self.isFromInitTimer = isFromInitTimer
        self.round = round
        self.wasStopped = wasStopped
    }

    public mutating func recordOutage() { self.isOutage = true }

    public mutating func record(_ fact: Fact) {
        switch fact {
        case .build(let state): self.build = state
        case .creation(let outcome):
            self.creation = outcome
            if case .created(let seen?) = outcome { self.pod = seen }
        case .pod(let observation):
            self.pod = observation
            self.looks += 1
        case .deletion(let outcome): self.deletion = outcome
        case .timer(let handOver): self.timer = handOver
        case .timerKept(let outcome): self.timerKept = outcome
        case .verification(let handOver): self.verification = handOver
        case .note(let outcome):
            self.note = outcome
            // What the API said of the build before the refusal holds no longer.
            if outcome == .refused { self.build = nil }
        case .failure(let outcome):
            self.failure = outcome
            if outcome == .refused { self.build = nil }
        case .clearing(let outcome): self.clearing = outcome
        case .parking(let handOver): self.parking = handOver
        case .postponement(let handOver): self.postponement = handOver
        }
    }
}
