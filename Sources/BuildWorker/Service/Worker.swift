public import Logging
public import ServiceLifecycle

/// The worker: two connections to the broker, and between them a task for every delivery.
///
/// `Delivery → BuildCommand → (Decision → perform → Fact)* → Settlement`
public final class Worker: Service {
    let logger: Logger
    private let consuming: ConsumingConnection
    private let publishing: PublishingConnection
    private let http: HTTPServices
    private let verifications: LocalVerifications
    private let outages: Outages
    let intake: Intake
    let pipeline: DeliveryPipeline
    private let inHand: InHand
    /// Held for as long as the worker lives: it is nobody else's meanwhile.
    let spool: SpoolDirectory?
    private let handBackRequests = AsyncStream<Void>.makeStream()
    private let supervisor: Supervisor
    let watchdog: Watchdog
    private let janitor: Janitor
    private let reports: ReportWriter?
    let reporter: FailureReporter
    let host: String
    private let spooler: Spooler?
    /// There for as long as this worker runs.
    private let runMarker: StartMarker?
    public let health: Health

    /// - Parameters:
    ///   - host: this worker's name for the management UI: the pod's or the machine's.
    ///   - spool: what survives a crash; `nil` where there is no disk for it.
    ///   - environment: of the process, for what its supervisor says there (`NOTIFY_SOCKET`).
    public init(_ configuration: WorkerConfiguration, host: String, spool: SpoolDirectory?, environment: [String: String], logger: Logger) {
        let rabbitmq = configuration.rabbitmq
        let queues = [rabbitmq.queue] + (rabbitmq.retryQueueEnabled ? [rabbitmq.retryQueue] : [])
        let health = Health(queues: queues, retryQueue: rabbitmq.retryQueue)
        let endpoint = AMQPEndpoint(rabbitmq, connectionName: "\(Product.name) \(host) \(Product.version)")
        let publishing = PublishingConnection(endpoint) { event in
            health.publishing(event)
            event.log(to: logger, connection: "publish")
        }
        let quarantine = Quarantine(spool, prefetch: rabbitmq.prefetchCount, queues: 2, health: health, logger: logger)
        self.runMarker = Self.runMarker(spool, logger)
        let isCautious = self.runMarker?.earlier != nil && quarantine.suspectMessages.isEmpty
        if isCautious { logger.warning("a worker ended without warning here, and nothing says of what: messages are taken one at a time at first") }
        let consuming = ConsumingConnection(
            endpoint, queues: queues, prefetch: rabbitmq.prefetchCount, largestMessage: rabbitmq.largestMessage, isCautious: isCautious, host: host
        ) { event in
            let isNews = health.consuming(event)
            event.log(to: logger, connection: "consume", isNews: isNews)
            if isNews, case .consumerLost(rabbitmq.retryQueue, _, _, _) = event { health.notes.forEach { logger.warning("\($0)") } }
        }
        let prometheus = PrometheusMetrics()
        let statsd = StatsdMetrics(configuration.metrics)
        let meters = Meters(prometheus, statsd)
        let publish: @Sendable (OutgoingMessage) async -> PublishOutcome = { message in
            let start = ContinuousClock.now
            let outcome = await publishing.publish(message)
            if outcome == .confirmed { meters.record(.confirmDuration, took: .now - start) }
            return outcome
        }
        let intake = Intake { consuming.setIntake($0) }
        let journal = Self.journal(spool, logger)
        let verifications = LocalVerifications(rabbitmq, journal: journal, logger: logger, isRetryQueueUsable: { health.canUseRetryQueue }, publish: publish)
        let http = HTTPServices(configuration, meters, logger)
        let (clusters, buildAPI) = (http.clusters, http.buildAPI)
        self.http = http
        let spooler = Self.spooler(configuration, spool, host, buildAPI, meters, logger)
        self.spooler = spooler
        let outages = Outages(
            health: health, logger: logger, intake: intake,
            onOpen: { dependency in
                meters.count(.breakerOpened, dependency.label)
                spooler?.tell(BuildEvent(.outageBegan, cause: "\(dependency.rawValue) is away"))
            }, onClose: { spooler?.tell(BuildEvent(.outageEnded, cause: "\($0.rawValue) is back")) })
        let performer = ActionPerformer(
            configuration: configuration, clusters: clusters, buildAPI: buildAPI, publish: publish, verifications: verifications, health: health, outages: outages,
            keepNote: { spooler?.keep($0) })
        let inHand = InHand()
        let inFlight = InFlight()
        let waiting = Waiting(rabbitmq)
        let history = History()
        let survey = QueueSurvey(rabbitmq)
        let spoolSurvey = SpoolSurvey()
        let metrics = DeliveryMetrics(meters: meters, history: history)
        let ledger = ReportLedger()
        let reports = spool.map { ReportWriter(ReportStore(spool: $0.path), logger: logger) { spooler?.keep($0) } }
        let reporter = FailureReporter(
            host: host, hiding: [rabbitmq.password] + ExecutorOptions.Plugin.allCases.compactMap { configuration.executor.options(of: $0).token }, meters: meters, ledger: ledger,
            sink: { report in
                reports?.add(report)
                spooler?.tell(report)
            })
        (self.reports, self.reporter, self.host) = (reports, reporter, host)
        let liveness = Liveness(
            configuration,
            loops: [.init(name: "consume") { consuming.loopAge }, .init(name: "publish") { publishing.loopAge }, .init(name: "http") { http.engine.age }], inFlight: inFlight,
            isPublishingHeldUp: { !health.canPublish }, canPublishSince: { health.canPublishSince })
        self.supervisor = Supervisor(
            host: host, health: health, liveness: liveness, inFlight: inFlight, waiting: waiting, history: history, meters: meters,
            prometheus: prometheus, survey: survey, ledger: ledger, spool: spoolSurvey, failingHosts: buildAPI.failingHosts, services: clusters.places.map { Outages.Dependency($0) } + [.buildAPI], transports: http.transports, unacked: { inHand.count }, localTimers: { verifications.count })
        self.watchdog = Watchdog(
            supervisor: self.supervisor, statsd: statsd, systemd: SystemdNotifier(environment, pid: ProcessUsage.pid),
            heartbeatFile: spool.map { "\($0.path)/heartbeat" }, startMarker: Self.startMarker(spool, host, logger),
            lookAtSpool: { try spooler.map { spoolSurvey.update(try $0.counts()) } }, logger: logger)
        let chores = Self.chores(configuration, spool, spooler, meters)
        self.janitor = Janitor(configuration, clusters: clusters, buildAPI: buildAPI, survey: survey, verifications: verifications, health: health, meters: meters, chores: chores, logger: logger)
        self.inHand = inHand
        self.pipeline = DeliveryPipeline(
            WorkflowRules(
                reprocessLimit: rabbitmq.messageReprocessLimit, verifyLimit: rabbitmq.verifyLimit, initTimeout: rabbitmq.initTimeout,
                healTimeout: rabbitmq.healTimeout, apiPatience: configuration.ecosystem.apiPatience),
            rabbitmq, apiHosts: buildAPI.hosts, logger: logger, quarantine: quarantine, limits: KeyedSemaphore(configuration.concurrency), inHand: inHand,
            perform: performer.perform, isOutage: { outages.wasAnyOpen(since: $0) },
            observers: [inFlight.observe, waiting.observe, metrics.observe, reporter.observe] + [spooler?.observer].compactMap { $0 })
        self.intake = intake
        (self.spool, self.logger, self.health, self.outages) = (spool, logger, health, outages)
        (self.consuming, self.publishing, self.verifications) = (consuming, publishing, verifications)
    }

    /// What the worker tells probes and Prometheus over HTTP, by path: nothing of any build.
    public var probes: OperatorServer.Routes { self.supervisor.probes }
    /// What it tells operators.
    public var pages: OperatorServer.Routes { self.supervisor.pages }

    /// Nothing is being handled, and no timer runs here.
    public var isIdle: Bool { self.inHand.count == 0 && self.verifications.count == 0 }

    /// Ends ``run()`` at once: what is not settled goes back to its queue.
    public func handBack() { self.handBackRequests.continuation.yield() }

    /// Takes deliveries until the graceful shutdown, settles what is in hand, and closes. When cancelled meanwhile (the
    /// drain took too long), or told to ``handBack()``, it closes at once, and what is not settled goes back to its queue.
    public func run() async throws {
        // A task of its own, for this one is cancelled when a drain takes too long: what failed last is to be read, too.
        let writing = Task { await self.reports?.run() }
        self.reportEarlierDeaths()
        self.health.notes.forEach { self.logger.warning("\($0)") }
        self.publishing.start()
        self.consuming.start()
        await withTaskGroup { group in
            group.addTask { await self.work() }
            group.addTask { for await _ in self.handBackRequests.stream { return } }
            group.addTask { await self.watchdog.run() }
            await group.next()
            group.cancelAll()
        }
        self.reports?.drain()
        await writing.value
        self.consuming.stop()
        await self.consuming.waitUntilStopped()
        self.publishing.stop()
        await self.publishing.waitUntilStopped()
        self.http.engine.stop()
        await self.http.engine.waitUntilStopped()
        self.runMarker?.remove()
        self.logger.info("drained")
    }

    private func work() async {
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await withTaskGroup { group in
                    group.addTask { await self.verifications.run() }
                    group.addTask { await self.outages.run() }
                    group.addTask { await self.janitor.run() }
                    if let spooler { group.addTask { await spooler.run() } }
                    // Where their requests are: half of what a build costs is waking up other threads.
                    group.addTask(executorPreference: self.http.engine) {
                        await self.handleDeliveries()
                        // Nothing comes in any more.
                        self.spooler?.drain()
                    }
                    await group.waitForAll()
                }
            } onGracefulShutdown: {
                self.logger.info("draining: no more deliveries are taken", metadata: ["inHand": .stringConvertible(self.inHand.count)])
                self.health.draining()
                self.consuming.drain()
                self.outages.drain()
                self.verifications.drain()
                self.janitor.drain()
            }
        } onCancel: {
            self.logger.warning("stopping at once: what is not settled goes back to its queue", metadata: ["inHand": .stringConvertible(self.inHand.count)])
            self.consuming.stop()
            self.publishing.stop()
            self.outages.drain()
            self.verifications.drain()
            self.janitor.drain()
        }
    }

    /// consume → quarantine → serialize by build → limit by type → handle → settle: ``DeliveryPipeline``. What the broker delivers is settled
    /// there, and what this process delivers to itself, here.
    private func handleDeliveries() async {
        async let own: Void = self.pipeline.handle(self.verifications.deliveries, from: self.verifications)
        await self.pipeline.handle(self.consuming.deliveries, from: self.consuming)
        await own
    }
}
