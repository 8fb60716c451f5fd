internal import Clients
internal import Workflow

/// Tells an outage of a service from the fault of one build. A value; whoever holds it asks and probes.
///
/// Closed, failures of different builds without a success between them open it, and so does one failure whose probe fails
/// as well. Open, a probe that succeeds closes it. One build's own fault never opens it: its probe succeeds, and it is one.
struct CircuitBreaker: Sendable {
    enum State: Hashable, Sendable {
        /// → `open`
        case closed
        /// → `closed`
        case open(since: ContinuousClock.Instant, cause: String)
    }

    /// Builds in a row that failed for the service's sake, by which it is away for all.
    static let buildsOfAnOutage = 3
    /// With probes that succeed in between, so many rows of failed builds are those builds' own fault after all: they must end.
    static let relapseLimit = 3

    private(set) var state = State.closed
    private var failedBuilds: [RequestAccess: Set<BuildID>] = [:]
    /// Whose failure opened it last.
    private var pausedFor: BuildID?
    /// How often it opened since a build's request, or a probe's failure, last told more: a probe may pass where builds still fail.
    private(set) var relapses = 0

    var isOpen: Bool {
        switch self.state {
        case .closed: false
        case .open: true
        }
    }

    /// A build's request was answered, whatever the answer said of the build: no row of failures goes on over it.
    mutating func answered(_ access: RequestAccess) { self.failedBuilds[access] = nil }

    /// A build's request had its effect.
    mutating func succeeded(_ access: RequestAccess) {
        self.answered(access)
        if access == .write { self.relapses = 0 }
    }

    /// A build's request failed in a way that may be everybody's.
    ///
    /// - Parameter asksForPause: the service says itself that it wants to be left alone: one build is enough.
    /// - Returns: whether it opened.
    mutating func failed(
        _ build: BuildID, _ access: RequestAccess, asksForPause: Bool = false, cause: String,
        at now: ContinuousClock.Instant
    ) -> Bool {
        guard !self.isOpen else { return false }
        self.failedBuilds[access, default: []].insert(build)
        // Asked for again by the same build alone, it is that build's matter: a limit for its token, perhaps.
        let isPause = asksForPause && self.pausedFor != build
        guard isPause || self.failedBuilds[access]?.count == Self.buildsOfAnOutage, self.relapses < Self.relapseLimit
        else { return false }
        self.pausedFor = build
        return self.open(cause, now)
    }

    /// - Returns: whether it opened.
    mutating func probeFailed(cause: String, at now: ContinuousClock.Instant) -> Bool {
        // The service itself says that it is away: what failed before says nothing of builds.
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
