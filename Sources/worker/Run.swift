internal import ArgumentParser
internal import BuildWorker
internal import Foundation
internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Support
internal import UnixSignals

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take messages and start builds until SIGTERM.",
        discussion: """
            Never declares queues: those belong to administrators ('worker topology apply' makes them). Where the broker, a \
            queue or the cluster is missing it waits, says so in the log, and answers 503 on /health.

            SIGTERM or SIGINT: no more messages are taken, those in flight are finished within DRAIN_TIMEOUT (25 s), what is \
            left goes back to its queue, exit code 0 (done). A second signal gives everything back at once. \
            Exit code 70 (drained in a crash loop): workers before it died, and the step at which they died is still to be survived.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(
        name: .long,
        help:
            "End by itself when the build, wait, retry and init queues are empty, nobody else consumes them, and nothing is in flight."
    )
    var exitWhenIdle = false

    func run() async throws {
        // First: a signal during startup must have the same effect as later.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let loaded = try self.options.load()
        let configuration = loaded.configuration
        let output = LogOutput()
        let logger = Logger(label: Product.name) { _ in
            WorkerLogHandler(
                format: configuration.log.format == .json ? .json : .text, level: Logger.Level(configuration.log.level),
                output: output)
        }
        for note in loaded.notes { logger.notice("\(note)") }
        // Only the HTTP servers use NIO's event loop; the default is one per processor.
        NIOSingletons.groupLoopCountSuggestion = 1
        let environment = ProcessInfo.processInfo.environment
        let proxies = ["http_proxy", "https_proxy", "all_proxy"].flatMap { [$0, $0.uppercased()] }.filter {
            environment[$0]?.isEmpty == false
        }
        if !proxies.isEmpty {
            logger.notice(
                "\(proxies.joined(separator: ", ")): not heeded, since it would get every token; K8S_PROXY and ECOSYSTEM_PROXY are"
            )
        }
        let host = environment["HOSTNAME"] ?? ProcessInfo.processInfo.hostName
        logger.info(
            "\(Product.name) \(Product.version) starts",
            metadata: ["host": .string(host), "pid": .stringConvertible(Int(getpid()))])

        let worker = Worker.open(configuration, host: host, environment: environment, logger: logger)
        let files = OpenFiles()
        if let warning = files.warning { logger.warning("\(warning)") }
        let limits = OperatorServer.Limits(connections: files.visitors)
        let names = OwnNames(
            [host, ProcessInfo.processInfo.hostName, configuration.httpd.host, configuration.status.host]
                + configuration.statusHosts)
        let probes = OperatorServer(
            configuration.httpd, setBy: "PORT (and HOST)", names: names, limits: limits, routes: worker.probes
        ) { port in
            logger.info(
                "Server running on http://\(configuration.httpd.host):\(port)",
                metadata: ["port": .stringConvertible(port)])
        }
        let pages = OperatorServer(
            configuration.status, setBy: "STATUS_PORT (and STATUS_HOST)", names: names, limits: limits,
            routes: worker.pages
        ) { port in
            logger.info(
                "Status page on http://\(configuration.status.host):\(port)/",
                metadata: ["statusPort": .stringConvertible(port)])
        }
        // Shut down in reverse: health stays available while the worker drains.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: probes),
            .init(service: pages),
            .init(service: worker, successTerminationBehavior: .gracefullyShutdownGroup),
        ]
        if self.exitWhenIdle {
            let watch = IdleWatch(configuration.rabbitmq, worker: worker, clock: ContinuousClock(), logger: logger)
            services.append(.init(service: watch, successTerminationBehavior: .gracefullyShutdownGroup))
        }
        var group = ServiceGroupConfiguration(services: services, logger: logger)
        group.maximumGracefulShutdownDuration = configuration.drainTimeout
        do {
            try await Self.run(ServiceGroup(configuration: group), heeding: signals)
        } catch let error as OperatorServer.BindError {
            worker.reportFailedStart("\(error)")
            await output.flush()
            throw ExitCode(.startFailed)
        }
        await output.flush()
        if worker.health.isInCrashLoop { throw ExitCode(.crashLoop) }
    }

    /// The first signal starts a graceful shutdown; the second one stops at once.
    private static func run(_ group: ServiceGroup, heeding signals: UnixSignalsSequence) async throws {
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                var isFirst = true
                for await _ in signals {
                    guard isFirst else { return }
                    isFirst = false
                    await group.triggerGracefulShutdown()
                }
            }
            try await tasks.next()
            tasks.cancelAll()
            try await tasks.waitForAll()
        }
    }
}
