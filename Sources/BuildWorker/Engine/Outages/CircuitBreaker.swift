internal import Clients
internal import Workflow

/// Distinguishes a service outage from one build's fault.
///
/// Closed: opens after consecutive failures of different builds, or after one failure whose probe also fails. Open:
/// closes after a successful probe.
struct CircuitBreaker: Sendable {
    enum State: Hashable, Sendable {
        /// Next: `open`
        case closed
        /// Next: `closed`
        case open(since: ContinuousClock.Instant, cause: String)
    }

    /// Consecutive builds that must fail with a possible service fault to open it.
    static let buildsOfAnOutage = 3
    /// After this many relapses, failures count as the builds' own faults, so that those builds can end.
    static let relapseLimit = 3

    private(set) var state = State.closed
    private var failedBuilds: [RequestAccess: Set<BuildID>] = [:]
    /// The build whose failure opened it last.
    private var pausedFor: BuildID?
    /// Openings since the last successful write or failed probe: probes may pass while builds still fail.
    private(set) var relapses = 0

    var isOpen: Bool {
        switch self.state {
        case .closed: false
        case .open: true
        }
    }

    /// A build's request was answered, with any status: resets the failure count.
    mutating func answered(_ access: RequestAccess) { self.failedBuilds[access] = nil }

    mutating func succeeded(_ access: RequestAccess) {
        self.answered(access)
        if access == .write { self.relapses = 0 }
    }

    /// A build's request failed in a way that may concern all builds. Returns whether the breaker opened.
    ///
    /// - Parameter asksForPause: the service asked for a pause: one build is enough.
    mutating func failed(
        _ build: BuildID, _ access: RequestAccess, asksForPause: Bool = false, cause: String,
        at now: ContinuousClock.Instant
    ) -> Bool {
        guard !self.isOpen else { return false }
        self.failedBuilds[access, default: []].insert(build)
        // Asked again for the same build only, it concerns that build: perhaps a rate limit of its token.
        let isPause = asksForPause && self.pausedFor != build
        guard isPause || self.failedBuilds[access]?.count == Self.buildsOfAnOutage, self.relapses < Self.relapseLimit
        else { return false }
        self.pausedFor = build
        return self.open(cause, now)
    }

    mutating func probeFailed(cause: String, at now: ContinuousClock.Instant) -> Bool {
        // The service itself is unavailable: earlier failures say nothing about the builds.
        self.relapses = 0
        return self.isOpen ? false : self.open(cause, now)
    }

    /// - Returns: how long it was open, if it closed.
    mutating func probeSucceeded(at now: ContinuousClock.Instant) -> Duration? {
        guard case .open(let since, _) = self.state else { return nil }
        self.state = .closed
        self.failedBuilds = [:]
        return now - since
    }

    private mutating func open(_ cause: String, _ now: ContinuousClock.Instant) -> Bool {
        self.state = .open(since: now, cause: cause)
        self.relapses += 1
        return true
    }
}
