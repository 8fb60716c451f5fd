/// Everything an operator can set, parsed and checked. Made once, at the edge, by ``ConfigurationLoader``.
///
/// The key that sets a property is its path in `Config/default.yaml`; `Config/environment.yaml` maps
/// variables to keys.
public struct WorkerConfiguration: Sendable {
    public var rabbitmq = RabbitMQOptions()
    public var executor = ExecutorOptions()
    public var ecosystem = EcosystemOptions()
    public var httpd = HealthServerOptions()
    public var log = LogOptions()
    /// `spool.directory`: what must survive a crash of this worker is written there, by one worker at a time.
    public var spoolDirectory = "/var/spool/build-worker"
    /// `drainTimeoutSeconds`, more than 0, at most 3600 s: how long the builds in hand may take to finish after SIGTERM.
    public var drainTimeout = Duration.seconds(25)

    public init() {}
}

/// Where `/health` is served (`httpd.*`).
public struct HealthServerOptions: Sendable {
    /// 0–65535; 0 takes any free port.
    public var port = 8080
    public var host = "0.0.0.0"

    public init() {}
}

/// What is logged and how (`log.*`).
public struct LogOptions: Sendable {
    public enum Format: String, Sendable, CaseIterable { case json, text }
    public enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

    public var format = Format.json
    public var level = Level.info

    public init() {}
}
