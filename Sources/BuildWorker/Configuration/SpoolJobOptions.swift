/// How spooled jobs are run (`spool.*`).
public struct SpoolJobOptions: Sendable {
    /// `spool.attempts`, 1–1000: runs of a job before it is dead.
    public var attempts = 10
    /// `spool.retryIntervalSeconds`, more than 0, at most 86 400 s: before a second attempt; doubled for each further one, up to an hour.
    public var retryInterval = Duration.seconds(60)
    /// `spool.timeLimitSeconds`, more than 0, at most 86 400 s: of one run.
    public var timeLimit = Duration.seconds(600)

    public init() {}
}

/// Where build events go (`events.*`).
public struct EventOptions: Sendable {
    /// `events.exchange`, a topic exchange; empty: none are sent.
    public var exchange = ""

    public init() {}
}

/// The operator's command that is told of events (`hook.*`).
public struct HookOptions: Sendable {
    /// `hook.command`: a program's absolute path and its arguments; empty: none is run.
    public var command: [String] = []
    /// `hook.events`: patterns of routing keys, as topic exchanges have them.
    public var events = ["build.failed"]

    public init() {}
}
