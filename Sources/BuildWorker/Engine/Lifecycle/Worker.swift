internal import Clients
package import Logging
internal import RabbitMQ
internal import ServiceLifecycle
internal import Spool
package import Support
internal import Workflow

/// The worker: two broker connections, and a task for every delivery.
///
/// `Delivery → BuildCommand → (Decision → perform → Fact)* → Settlement`
package final class Worker: Service {
    let logger: Logger
    let host: String
    let files: WorkerFiles
    package let health: Health
    private let http: HTTPServices
    private let consuming: ConsumingConnection
    let intake: Intake
    private let verifications: LocalVerifications
    private let supervisor: StatusReporter
    let reporter: FailureReporter
    private let reports: ReportWriter?
    let pipeline: DeliveryPipeline
    private let inFlightCount: InFlightCount
    /// Services besides the deliveries. Shut down in reverse, after the deliveries; on cancellation all at once.
    private let services: [any Service]

    /// Opens files, which blocks, and composes the worker. Nothing runs before ``run()``.
    ///
    /// - Parameters:
    ///   - host: the name in the management UI: the pod's or the machine's.
    ///   - environment: of the process (`NOTIFY_SOCKET`).
    package static func open(
        _ configuration: WorkerConfiguration, host: String, environment: [String: String],
        clock: any MonotonicClock = ContinuousClock(), logger: Logger
    ) -> Worker {
        let rabbitmq = configuration.rabbitmq
        let files = WorkerFiles(configuration, host: host, logger: logger)
        let health = Health(queues: rabbitmq.consumedQueues, retryQueue: rabbitmq.retryQueue)
        let quarantine = Quarantine(
            files.spool, prefetch: rabbitmq.prefetchCount, queues: 2, health: health, logger: logger)
        return Worker(configuration, host, files, quarantine, health, environment, clock, logger)
    }

    private init(
        _ configuration: WorkerConfiguration, _ host: String, _ files: WorkerFiles, _ quarantine: Quarantine,
        _ health: Health, _ environment: [String: String],
        _ clock: any MonotonicClock, _ logger: Logger
    ) {
        let rabbitmq = configuration.rabbitmq
        self.logger = logger
        self.host = host
        self.files = files
        self.health = health

        // MARK: Metrics
        let prometheus = PrometheusMetrics()
        let statsd = StatsdMetrics(configuration.metrics)
        let meters = Metrics(prometheus, statsd)
        let history = History()
        let inFlightCount = InFlightCount()
        let inFlight = InFlight(clock: clock)
        let waiting = Waiting(rabbitmq, clock: clock)
        let survey = QueueSurvey(rabbitmq)
        let spoolSurvey = SpoolSurvey()
        let ledger = ReportLedger()
        self.inFlightCount = inFlightCount

        // MARK: Clients
        let unobserved = HTTPServices(configuration, meters, logger)
        let publishing = Self.publishing(rabbitmq, host, health, logger)
        let consuming = Self.consuming(rabbitmq, host, isCautious: files.isCautious(quarantine, logger), health, logger)
        let publish: @Sendable (OutgoingMessage) async -> PublishOutcome = { message in
            let start = clock.now
            let outcome = await publishing.publish(message)
            if outcome == .confirmed { meters.record(.confirmDuration, took: clock.now - start) }
            return outcome
        }
        let intake = Intake { consuming.setIntake($0) }
        self.consuming = consuming
        self.intake = intake

        // MARK: Side services
        let spooler = Self.spooler(configuration, files, host, unobserved.buildAPI, meters, logger)
        let verifications = LocalVerifications(
            rabbitmq, journal: files.timers, clock: clock, logger: logger,
            isRetryQueueUsable: { health.canUseRetryQueue }, publish: publish)
        let outages = Outages(
            health: health, clock: clock, logger: logger, intake: intake,
            onOpen: { dependency in
                meters.count(.breakerOpened, dependency.rawValue)
                spooler?.tell(BuildEvent(.outageBegan, cause: "\(dependency.title) is away"))
            }, onClose: { spooler?.tell(BuildEvent(.outageEnded, cause: "\($0.title) is back")) })
        let http = unobserved.observed(by: RequestWatch(health: health, outages: outages))
        let (clusters, buildAPI) = (http.clusters, http.buildAPI)
        self.http = http
        let reports = files.spool.map {
            ReportWriter(ReportStore(spool: $0.path), logger: logger) { spooler?.keep($0) }
        }
        let reporter = FailureReporter(
            host: host,
            hiding: [rabbitmq.password]
                + ExecutorOptions.Plugin.allCases.compactMap { configuration.executor.options(of: $0).token },
            meters: meters, ledger: ledger,
            sink: { report in
                reports?.add(report)
                spooler?.tell(report)
            })
        self.verifications = verifications
        self.reports = reports
        self.reporter = reporter
        let janitor = Janitor(
            every: configuration.janitor.interval, survey: survey,
            countQueues: { try TopologyAdministration.counts(of: $0, rabbitmq) },
            sweeps: [
                PodSweep(configuration, clusters: clusters, buildAPI: buildAPI, meters: meters, logger: logger).sweep,
                SecretSweep(clusters: clusters, meters: meters, logger: logger).sweep,
                PodAdoption(
                    rabbitmq, clusters: clusters, verifications: verifications, health: health, clock: clock,
                    logger: logger
                ).sweep,
            ], chores: Self.chores(configuration, files, spooler, meters), clock: clock, logger: logger)

        // MARK: Observers
        let liveness = Liveness(
            loops: [
                .init(name: "consume") { consuming.loopAge }, .init(name: "publish") { publishing.loopAge },
                .init(name: "http") { http.engine.age },
            ], inFlight: inFlight,
            isPublishingHeldUp: { !health.canPublish }, canPublishSince: { health.canPublishSince }, clock: clock,
            loopDeadline: WorkerCheck.loopDeadline(heartbeat: rabbitmq.heartbeat),
            stepDeadline: Liveness.stepDeadline(configuration.executor))
        let supervisor = StatusReporter(
            host: host, health: health, liveness: liveness, inFlight: inFlight, waiting: waiting, history: history,
            meters: meters,
            prometheus: prometheus, survey: survey, reports: ledger, spool: spoolSurvey,
            failingHosts: buildAPI.failingHosts,
            services: clusters.places.map { Outages.Dependency($0.executor) } + [.buildAPI],
            transports: http.transports, unacked: { inFlightCount.count }, localTimers: { verifications.count })
        self.supervisor = supervisor
        let sendFigures: @Sendable () -> Void = {
            supervisor.measure()
            statsd?.flush()
        }
        let closePoint: @Sendable () throws -> Void = {
            history.turn()
            if let spooler { spoolSurvey.update(try spooler.counts()) }
        }
        let watchdog = Watchdog(
            problems: { liveness.problems }, isReady: { health.hindrances.isEmpty },
            heartbeat: { supervisor.heartbeat },
            sendFigures: statsd == nil ? nil : sendFigures, closePoint: closePoint,
            systemd: SystemdNotifier(environment, pid: ProcessUsage.pid),
            heartbeatFile: files.spool.map { "\($0.path)/heartbeat" }, startMarker: files.startMarker,
            clock: clock, logger: logger)

        // MARK: Delivery processing
        let performer = ActionPerformer(
            configuration: configuration, clusters: clusters, buildAPI: buildAPI, publish: publish,
            verifications: verifications, health: health, outages: outages,
            keepNote: { spooler?.keep($0) })
        let metrics = DeliveryMetrics(meters: meters, history: history)
        self.pipeline = DeliveryPipeline(
            WorkflowRules(
                reprocessLimit: rabbitmq.messageReprocessLimit, verifyLimit: rabbitmq.verifyLimit,
                initTimeout: rabbitmq.initTimeout,
                healTimeout: rabbitmq.healTimeout, apiPatience: configuration.ecosystem.apiPatience),
            rabbitmq, apiHosts: buildAPI.hosts, logger: logger, quarantine: quarantine,
            limits: KeyedSemaphore(configuration.concurrency), inFlightCount: inFlightCount,
            perform: performer.perform, isOutage: { outages.wasAnyOpen(since: $0) },
            observers: [inFlight.observe, waiting.observe, metrics.observe, reporter.observe]
                + [spooler?.observer].compactMap { $0 })

        // MARK: Services
        let services: [(any Service)?] = [
            ThreadService(http.engine),
            ThreadService(publishing),
            ThreadService(consuming),
            reports,
            watchdog,
            // Hands timers over: to the broker, or to disk for the next worker.
            verifications,
            // Runs due jobs, for at most ten seconds.
            spooler,
            outages,
            janitor,
        ]
        self.services = services.compactMap { $0 }
    }

    /// Routes for probes and Prometheus; contain no build data.
    package var probes: OperatorServer.Routes { self.supervisor.probes }
    package var pages: OperatorServer.Routes { self.supervisor.pages }

    package var isIdle: Bool { self.inFlightCount.count == 0 && self.verifications.count == 0 }

    /// Consumes until graceful shutdown, then settles what is in flight. On cancellation the broker requeues the rest.
    package func run() async throws {
        await self.verifications.rearm()
        self.reportEarlierDeaths()
        self.health.notes.forEach { self.logger.warning("\($0)") }
        let group = ServiceGroup(
            services: self.services + [ClosureService { await self.handleDeliveries() }], logger: self.logger)
        try await withTaskCancellationHandler {
            try await group.run()
        } onCancel: {
            self.logger.warning(
                "stopping at once: what is not settled goes back to its queue",
                metadata: ["inFlight": .stringConvertible(self.inFlightCount.count)])
        }
        // Includes the reports of deliveries requeued at shutdown.
        await self.reports?.flush()
        self.files.runMarker?.remove()
        self.logger.info("drained")
    }

    /// Runs the ``DeliveryPipeline`` until shutdown, then settles what is in flight.
    private func handleDeliveries() async {
        await withGracefulShutdownHandler {
            // On the HTTP engine's executor: half of a build's cost is waking other threads.
            await withTaskExecutorPreference(self.http.engine) {
                async let own: Void = self.pipeline.handle(self.verifications.deliveries, from: self.verifications)
                await self.pipeline.handle(self.consuming.deliveries, from: self.consuming)
                await own
            }
        } onGracefulShutdown: {
            self.logger.info(
                "draining: no more deliveries are taken",
                metadata: ["inFlight": .stringConvertible(self.inFlightCount.count)])
            self.health.draining()
            self.consuming.drain()
            self.verifications.endDeliveries()
        }
    }
}
