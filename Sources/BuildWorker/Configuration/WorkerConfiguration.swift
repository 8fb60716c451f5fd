/// Everything an operator can set, parsed and checked. Made once, at the edge, by ``ConfigurationLoader``.
///
/// The key that sets a property is its path in `Config/default.yaml`; `Config/environment.yaml` maps
/// variables to keys.
public struct WorkerConfiguration: Sendable {
    public var rabbitmq = RabbitMQOptions()
    public var executor = ExecutorOptions()
    public var ecosystem = EcosystemOptions()
    public var httpd = ServerOptions()
    /// `status.port` and `status.host`: where operators ask. By default who is on this machine, or in this pod, and nobody else.
    public var status = ServerOptions(port: 8081, host: "127.0.0.1")
    /// `status.hosts`: names by which both servers may be asked, besides IP addresses, `localhost` and this machine's.
    public var statusHosts: [String] = []
    public var log = LogOptions()
    public var concurrency = ConcurrencyOptions()
    public var metrics = MetricsOptions()
    public var janitor = JanitorOptions()
    public var events = EventOptions()
    public var hook = HookOptions()
    public var spoolJobs = SpoolJobOptions()
    /// `spool.directory`: what must survive a crash of this worker is written there, by one worker at a time.
    public var spoolDirectory = "/var/spool/build-worker"
    /// `drainTimeoutSeconds`, more than 0, at most 3600 s: how long the builds in hand may take to finish after SIGTERM.
    public var drainTimeout = Duration.seconds(25)
}

/// Where an HTTP server of the worker listens (`httpd.*`: for probes and Prometheus).
public struct ServerOptions: Sendable {
    /// 0–65535; 0 takes any free port.
    public var port = 8080
    public var host = "0.0.0.0"
}

/// How many deliveries of a job type are handled at a time (`concurrency.*`). 0: as many as the prefetch lets in.
public struct ConcurrencyOptions: Sendable {
    public var start = 0
    public var stop = 0
    public var verify = 0
    public var clear = 0
}

/// Where figures are sent (`metrics.*`). `/metrics` is always there.
public struct MetricsOptions: Sendable {
    /// `metrics.statsd.host`; empty: no statsd server is told.
    public var statsdHost = ""
    /// 1–65535.
    public var statsdPort = 8125
    /// Of all names, without the dot.
    public var statsdPrefix = "build_worker"
}

/// The worker's housekeeping (`janitor.*`).
public struct JanitorOptions: Sendable {
    /// `janitor.intervalSeconds`, more than 0, at most 86 400 s.
    public var interval = Duration.seconds(30)
    /// `janitor.podTTL` (minutes, fractions allowed, at most a year): how long after its end a build's pod is deleted. 0: never, as
    /// the controller or Kubernetes does it.
    public var podTTL = Duration.zero
    /// `reports.keepDays`, 1–3650.
    public var reportDays = 7
}

/// What is logged and how (`log.*`).
public struct LogOptions: Sendable {
    public enum Format: String, Sendable, CaseIterable { case json, text }
    public enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

    public var format = Format.json
    public var level = Level.info
}

/// How spooled jobs are run (`spool.*`).
public struct SpoolJobOptions: Sendable {
    /// `spool.attempts`, 1–1000: runs of a job before it is dead.
    public var attempts = 10
    /// `spool.retryIntervalSeconds`, more than 0, at most 86 400 s: before a second attempt; doubled for each further one, up to an hour.
    public var retryInterval = Duration.seconds(60)
    /// `spool.timeLimitSeconds`, more than 0, at most 86 400 s: of one run.
    public var timeLimit = Duration.seconds(600)
}

/// Where build events go (`events.*`).
public struct EventOptions: Sendable {
    /// `events.exchange`, a topic exchange; empty: none are sent.
    public var exchange = ""
}

/// The operator's command that is told of events (`hook.*`).
public struct HookOptions: Sendable {
    /// `hook.command`: a program's absolute path and its arguments; empty: none is run.
    public var command: [String] = []
    /// `hook.events`: patterns of routing keys, as topic exchanges have them.
    public var events = ["build.failed"]
}
