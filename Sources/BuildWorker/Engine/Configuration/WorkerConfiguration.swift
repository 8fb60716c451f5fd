package import Clients
package import RabbitMQ

/// All settings, parsed and validated. Created by ``ConfigurationLoader``. A property's key is its path in
/// `Config/default.yaml`; `Config/environment.yaml` maps variables to keys.
package struct WorkerConfiguration: Sendable {
    package var rabbitmq = RabbitMQOptions()
    package var executor = ExecutorOptions()
    package var ecosystem = EcosystemOptions()
    package var httpd = ServerOptions()
    /// `status.port` and `status.host`: the operator endpoint. By default reachable from this machine or pod only.
    package var status = ServerOptions(port: 8081, host: "127.0.0.1")
    /// `status.hosts`: `Host` names that both servers accept, besides IP addresses, `localhost` and this machine's.
    package var statusHosts: [String] = []
    package var log = LogOptions()
    package var concurrency = ConcurrencyOptions()
    package var metrics = MetricsOptions()
    package var janitor = JanitorOptions()
    package var events = EventOptions()
    package var hook = HookOptions()
    package var spoolJobs = SpoolJobOptions()
    /// `spool.directory`: state that must survive a crash. Used by one worker at a time.
    package var spoolDirectory = "/var/spool/build-worker"
    /// `drainTimeoutSeconds`, more than 0, at most 3600 s: the time for in-flight builds to finish after SIGTERM.
    package var drainTimeout = Duration.seconds(25)
}

/// The address of one of the worker's HTTP servers (`httpd.*`: for probes and Prometheus).
package struct ServerOptions: Sendable {
    /// 0–65535; 0 picks a free port.
    package var port = 8080
    package var host = "0.0.0.0"
}

/// Deliveries processed concurrently, per job type (`concurrency.*`). 0: limited by the prefetch only.
package struct ConcurrencyOptions: Sendable {
    package var start = 0
    package var stop = 0
    package var verify = 0
    package var clear = 0
}

/// Metrics export (`metrics.*`). `/metrics` is always available.
package struct MetricsOptions: Sendable {
    /// `metrics.statsd.host`; empty: statsd is off.
    package var statsdHost = ""
    /// 1–65535.
    package var statsdPort = 8125
    /// Prefix of all names, without the dot.
    package var statsdPrefix = "build_worker"
}

/// The worker's housekeeping (`janitor.*`).
package struct JanitorOptions: Sendable {
    /// `janitor.intervalSeconds`, more than 0, at most 86 400 s.
    package var interval = Duration.seconds(30)
    /// `janitor.podTTL` (minutes, at most a year): delay from a build's end to its pod's deletion. 0: never.
    package var podTTL = Duration.zero
    /// `reports.keepDays`, 1–3650.
    package var reportDays = 7
}

package struct LogOptions: Sendable {
    package enum Format: String, Sendable, CaseIterable { case json, text }
    package enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

    package var format = Format.json
    package var level = Level.info
}

/// Execution of spooled jobs (`spool.*`).
package struct SpoolJobOptions: Sendable {
    /// `spool.attempts`, 1–1000: attempts before a job is dead.
    package var attempts = 10
    /// `spool.retryIntervalSeconds`, more than 0, at most 86 400 s: before attempt 2; doubles, up to an hour.
    package var retryInterval = Duration.seconds(60)
    /// `spool.timeLimitSeconds`, more than 0, at most 86 400 s: limit of one run.
    package var timeLimit = Duration.seconds(600)
}

/// Destination of build events (`events.*`).
package struct EventOptions: Sendable {
    /// `events.exchange`, a topic exchange; empty: no events are sent.
    package var exchange = ""
}

/// The operator's event hook (`hook.*`).
package struct HookOptions: Sendable {
    /// `hook.command`: an absolute program path and its arguments; empty: none.
    package var command: [String] = []
    /// `hook.events`: routing key patterns, as in topic exchanges.
    package var events = ["build.failed"]
}
