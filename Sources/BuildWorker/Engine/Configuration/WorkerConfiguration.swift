package import Clients
package import RabbitMQ

/// Everything an operator can set, parsed and checked. Made once, at the edge, by ``ConfigurationLoader``.
///
/// The key that sets a property is its path in `Config/default.yaml`; `Config/environment.yaml` maps
/// variables to keys.
package struct WorkerConfiguration: Sendable {
    package var rabbitmq = RabbitMQOptions()
    package var executor = ExecutorOptions()
    package var ecosystem = EcosystemOptions()
    package var httpd = ServerOptions()
    /// `status.port` and `status.host`: where operators ask. By default who is on this machine, or in this pod, and nobody else.
    package var status = ServerOptions(port: 8081, host: "127.0.0.1")
    /// `status.hosts`: names by which both servers may be asked, besides IP addresses, `localhost` and this machine's.
    package var statusHosts: [String] = []
    package var log = LogOptions()
    package var concurrency = ConcurrencyOptions()
    package var metrics = MetricsOptions()
    package var janitor = JanitorOptions()
    package var events = EventOptions()
    package var hook = HookOptions()
    package var spoolJobs = SpoolJobOptions()
    /// `spool.directory`: what must survive a crash of this worker is written there, by one worker at a time.
    package var spoolDirectory = "/var/spool/build-worker"
    /// `drainTimeoutSeconds`, more than 0, at most 3600 s: how long the builds in flight may take to finish after SIGTERM.
    package var drainTimeout = Duration.seconds(25)
}

/// Where an HTTP server of the worker listens (`httpd.*`: for probes and Prometheus).
package struct ServerOptions: Sendable {
    /// 0–65535; 0 takes any free port.
    package var port = 8080
    package var host = "0.0.0.0"
}

/// How many deliveries of a job type are handled at a time (`concurrency.*`). 0: as many as the prefetch lets in.
package struct ConcurrencyOptions: Sendable {
    package var start = 0
    package var stop = 0
    package var verify = 0
    package var clear = 0
}

/// Where figures are sent (`metrics.*`). `/metrics` is always there.
package struct MetricsOptions: Sendable {
    /// `metrics.statsd.host`; empty: no statsd server is told.
    package var statsdHost = ""
    /// 1–65535.
    package var statsdPort = 8125
    /// Of all names, without the dot.
    package var statsdPrefix = "build_worker"
}

/// The worker's housekeeping (`janitor.*`).
package struct JanitorOptions: Sendable {
    /// `janitor.intervalSeconds`, more than 0, at most 86 400 s.
    package var interval = Duration.seconds(30)
    /// `janitor.podTTL` (minutes, fractions allowed, at most a year): how long after its end a build's pod is deleted. 0: never, as
    /// the controller or Kubernetes does it.
    package var podTTL = Duration.zero
    /// `reports.keepDays`, 1–3650.
    package var reportDays = 7
}

/// What is logged and how (`log.*`).
package struct LogOptions: Sendable {
    package enum Format: String, Sendable, CaseIterable { case json, text }
    package enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

    package var format = Format.json
    package var level = Level.info
}

/// How spooled jobs are run (`spool.*`).
package struct SpoolJobOptions: Sendable {
    /// `spool.attempts`, 1–1000: runs of a job before it is dead.
    package var attempts = 10
    /// `spool.retryIntervalSeconds`, more than 0, at most 86 400 s: before a second attempt; doubled for each further one, up to an hour.
    package var retryInterval = Duration.seconds(60)
    /// `spool.timeLimitSeconds`, more than 0, at most 86 400 s: of one run.
    package var timeLimit = Duration.seconds(600)
}

/// Where build events go (`events.*`).
package struct EventOptions: Sendable {
    /// `events.exchange`, a topic exchange; empty: none are sent.
    package var exchange = ""
}

/// The operator's command that is told of events (`hook.*`).
package struct HookOptions: Sendable {
    /// `hook.command`: a program's absolute path and its arguments; empty: none is run.
    package var command: [String] = []
    /// `hook.events`: patterns of routing keys, as topic exchanges have them.
    package var events = ["build.failed"]
}
