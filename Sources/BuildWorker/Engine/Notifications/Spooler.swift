internal import Clients
internal import Logging
internal import RabbitMQ
internal import ServiceLifecycle
internal import Spool
internal import Support

/// Stores and runs spooled jobs. Builds do not depend on it: without a disk only notes and events are lost.
final class Spooler: Service {
    private let queues: [JobKind: SpoolQueue]
    private let runners: [JobKind: JobRunner]
    private let writer: JobWriter
    private let publisher: EventPublisher?
    private let hookEvents: [TopicPattern]
    private let host: String
    private let directory: String
    private let executor: ExecutorOptions
    private let logger: Logger

    /// - Parameter report: files a failure report that could not be filed earlier.
    init(
        _ configuration: WorkerConfiguration, queues: [JobKind: SpoolQueue], directory: String, host: String,
        buildAPI: BuildAPIClient, meters: Metrics, logger: Logger,
        report: @escaping @Sendable ([UInt8]) async -> JobOutcome
    ) {
        self.host = host
        self.directory = directory
        self.executor = configuration.executor
        self.logger = logger
        self.queues = queues
        self.hookEvents = configuration.hook.command.isEmpty ? [] : configuration.hook.events.map { TopicPattern($0) }
        self.publisher =
            configuration.events.exchange.isEmpty
            ? nil : EventPublisher(configuration, host: host) { $0.log(to: logger, connection: "events") }
        var runners: [JobKind: JobRunner] = [:]
        for (kind, queue) in queues {
            // Jobs of a disabled feature stay: an operator may drop them or enable it again.
            guard let process = Self.process(kind, configuration, self.publisher, buildAPI, report) else { continue }
            runners[kind] = JobRunner(
                queue, rules: Self.rules(kind, configuration.spoolJobs), logger: logger,
                onOutcome: { meters.count(.spoolJobs, $0.rawValue, $1) }, process: process)
        }
        self.runners = runners
        self.writer = JobWriter(
            logger: logger, onWritten: { [runners] in runners[$0]?.wake() },
            onRefused: { meters.count(.spoolJobs, $0.rawValue, "dropped") })
    }

    private static func rules(_ kind: JobKind, _ options: SpoolJobOptions) -> JobRules {
        var rules = JobRules()
        (rules.retryInterval, rules.timeLimit) = (options.retryInterval, options.timeLimit)
        switch kind {
        case .status: (rules.concurrency, rules.isOrdered) = (4, true)
        // The broker confirms a batch message by message.
        case .publish: rules.concurrency = 100
        case .command: rules.concurrency = 2
        case .report: rules.concurrency = 1
        }
        return rules
    }

    private static func process(
        _ kind: JobKind, _ configuration: WorkerConfiguration, _ publisher: EventPublisher?, _ buildAPI: BuildAPIClient,
        _ report: @escaping @Sendable ([UInt8]) async -> JobOutcome
    ) -> JobRunner.Process? {
        switch kind {
        case .status:
            return { job, _ in
                guard let note = PendingStatusUpdate(job.payload) else { return .permanentFailure("it is no note") }
                return await note.tell(buildAPI)
            }
        case .publish:
            guard let publisher else { return nil }
            return { job, _ in await publisher.publish(job.payload) }
        case .command:
            guard !configuration.hook.command.isEmpty else { return nil }
            let command = CommandProcess(options: CommandOptions(arguments: configuration.hook.command))
            return { job, log in await command.run(job.payload.serialized(), log: log) }
        case .report: return { job, _ in await report(job.payload.serialized()) }
        }
    }

    // MARK: Input

    func keep(_ note: PendingStatusUpdate) { self.add(note.payload, .status, orderKey: note.orderKey) }

    func keep(_ report: FailureReport) { self.add(report.document, .report) }

    /// Sends `report.<kind>` with the report's members, except its timeline, which is on disk.
    func tell(_ report: FailureReport) {
        var brief = report
        brief.timeline = []
        let name = "report.\(report.kind.rawValue)"
        self.tell(name) {
            .object(
                [.init("event", .string(name))] + (brief.document.members ?? []) + [.init("worker", .string(self.host))]
            )
        }
    }

    func tell(_ event: BuildEvent) { self.tell(event.kind.rawValue) { event.document(worker: self.host) } }

    private func tell(_ name: String, _ make: () -> JSONValue) {
        let isForHook = self.hookEvents.contains { $0.matches(name) }
        guard self.publisher != nil || isForHook else { return }
        let document = make()
        if self.publisher != nil { self.add(document, .publish) }
        if isForHook { self.add(document, .command) }
    }

    /// `nil` if events are disabled.
    var observer: DeliveryObserver? {
        guard self.publisher != nil || !self.hookEvents.isEmpty else { return nil }
        return DeliveryEvents(executor: self.executor) { self.tell($0) }.observe
    }

    private func add(_ payload: JSONValue, _ kind: JobKind, orderKey: String? = nil) {
        guard let queue = self.queues[kind] else { return }
        self.writer.add(payload, to: queue, orderKey: orderKey)
    }

    // MARK: Running

    /// For jobs due when the worker drains.
    private static let flushLimit = Duration.seconds(10)

    /// Runs until graceful shutdown, then due jobs for ten seconds. On cancellation jobs are put back uncounted.
    func run() async throws {
        self.tell(BuildEvent(.workerStarted))
        // Before anything is written: removes an earlier worker's partial files.
        for runner in self.runners.values { await runner.recover() }
        // Shut down in reverse: input stops, due jobs run, then the publisher stops.
        let publisher = self.publisher.map { ThreadService($0.connection) }
        let services =
            [publisher].compactMap { $0 as (any Service)? } + JobKind.allCases.compactMap { self.runners[$0] } + [
                self.writer
            ]
        var group = ServiceGroupConfiguration(services: services.map { .init(service: $0) }, logger: self.logger)
        group.maximumGracefulShutdownDuration = Self.flushLimit
        let spool = ServiceGroup(configuration: group)
        try await withGracefulShutdownHandler {
            try await spool.run()
        } onGracefulShutdown: {
            self.tell(BuildEvent(.workerDrained))
        }
    }

    // MARK: Housekeeping

    /// Recovers orphaned jobs and removes old files. Blocks. Returns the number of logs and dead jobs removed.
    func clean(logsOlderThan logs: Duration, deadOlderThan dead: Duration) throws -> Int {
        var count = 0
        for queue in self.queues.values {
            _ = try queue.recoverStale()
            count += try queue.prune(logsOlderThan: logs, deadOlderThan: dead)
        }
        return count
    }

    /// Blocks.
    func counts() throws -> SpoolCensus {
        for queue in self.queues.values { try queue.recount() }
        return try SpoolCensus(of: self.directory)
    }
}
