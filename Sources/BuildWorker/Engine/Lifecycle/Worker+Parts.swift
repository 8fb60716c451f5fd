internal import Clients
internal import Logging
internal import RabbitMQ
internal import Spool
internal import Support
internal import Workflow

extension Worker {
    static func publishing(_ options: RabbitMQOptions, _ host: String, _ health: Health, _ logger: Logger)
        -> PublishingConnection
    {
        PublishingConnection(AMQPEndpoint(options, connectionName: "\(Product.name) \(host) \(Product.version)")) {
            event in
            health.publishing(event)
            event.log(to: logger, connection: "publish")
        }
    }

    static func consuming(
        _ options: RabbitMQOptions, _ host: String, isCautious: Bool, _ health: Health, _ logger: Logger
    ) -> ConsumingConnection {
        ConsumingConnection(
            AMQPEndpoint(options, connectionName: "\(Product.name) \(host) \(Product.version)"),
            queues: options.consumedQueues, prefetch: options.prefetchCount,
            largestMessage: options.largestMessage, isCautious: isCautious, host: host
        ) { event in
            let isNews = health.consuming(event)
            event.log(to: logger, connection: "consume", isNews: isNews)
            if isNews, case .consumerLost(options.retryQueue, _, _, _) = event {
                health.notes.forEach { logger.warning("\($0)") }
            }
        }
    }

    static func spooler(
        _ configuration: WorkerConfiguration, _ files: WorkerFiles, _ host: String, _ buildAPI: BuildAPIClient,
        _ meters: Metrics, _ logger: Logger
    ) -> Spooler? {
        guard let spool = files.spool, let jobs = files.jobs else { return nil }
        let store = ReportStore(spool: spool.path)
        return Spooler(
            configuration, queues: jobs, directory: spool.path, host: host, buildAPI: buildAPI, meters: meters,
            logger: logger
        ) { bytes in
            do {
                guard let report = FailureReport(try JSONValue(parsing: bytes)) else {
                    return .permanentFailure("it is no report")
                }
                return try await OwnThread.run { try store.file(report) }
                    ? .done : .refused("the day has \(ReportStore.largestDay) reports already")
            } catch { return .failed("\(error)") }
        }
    }

    func reportEarlierDeaths() {
        if let earlier = self.files.startMarker?.earlier {
            self.reporter.tell(
                FailureReport(
                    .startFailed, Problem(.worker, "a worker died before it took a message"),
                    causes: ["an earlier worker died before it took a message", earlier],
                    host: self.host), self.logger)
        }
        let suspects = self.pipeline.quarantine.suspectMessages
        guard !suspects.isEmpty else { return }
        let messages = "messages \(suspects.prefix(20).map { "\($0)" }.joined(separator: ", "))"
        var causes = [
            "an earlier worker ended without warning with \(suspects.count) deliveries in flight, which are processed one by one",
            messages,
        ]
        let loop = self.pipeline.quarantine.crashLoop
        if let loop {
            causes = [
                loop.description,
                "mend what answers '\(loop.step.rawValue)', or the worker itself: its last log lines and core dump say more; nobody else's build is failed for it",
                "a message of \(loop.messages) that really is to blame is parked once others get past that step",
                messages,
            ]
        }
        let root =
            loop.map { "a worker ends again and again at '\($0.step.rawValue)'" } ?? "a worker ended without warning"
        self.reporter.tell(
            FailureReport(.crashed, Problem(.worker, root), causes: causes, host: self.host), self.logger)
    }

    /// Reports a failure before the first message was consumed. Writes it to disk at once.
    package func reportFailedStart(_ reason: String) {
        self.logger.critical("\(reason)")
        guard let spool = self.files.spool else { return }
        do throws(SpoolError) {
            try ReportStore(spool: spool.path).file(
                FailureReport(.startFailed, Problem(.worker, reason), causes: [reason], host: self.host))
        } catch {
            self.logger.error("the report cannot be kept on disk", metadata: ["error": .string(error.description)])
        }
    }

    static func chores(
        _ configuration: WorkerConfiguration, _ files: WorkerFiles, _ spooler: Spooler?, _ meters: Metrics
    ) -> [@Sendable () throws -> Void] {
        let days = configuration.janitor.reportDays
        guard let spool = files.spool else { return [] }
        return [
            {
                let oldest = Timestamp(
                    secondsSince1970: Timestamp.now.secondsSince1970 - (days - 1) * 86_400, milliseconds: 0)
                let count = try ReportStore(spool: spool.path).prune(before: String(oldest.text.prefix(10)))
                if count > 0 { meters.count(.janitorRemoved, "reports", by: count) }
            },
            {
                let count =
                    try spooler?.clean(logsOlderThan: .seconds(7 * 86_400), deadOlderThan: .seconds(30 * 86_400)) ?? 0
                if count > 0 { meters.count(.janitorRemoved, "spool", by: count) }
            },
        ]
    }
}

extension WorkerFiles {
    /// An earlier worker crashed without a record of its deliveries.
    func isCautious(_ quarantine: Quarantine, _ logger: Logger) -> Bool {
        guard self.runMarker?.earlier != nil, quarantine.suspectMessages.isEmpty else { return false }
        logger.warning(
            "a worker ended without warning here, and nothing says of what: messages are taken one at a time at first")
        return true
    }
}

extension RabbitMQOptions {
    var consumedQueues: [String] { [self.queue] + (self.retryQueueEnabled ? [self.retryQueue] : []) }
}

extension TopologyAdministration {
    /// By name; a missing entry means that the queue does not exist. Blocks.
    static func counts(of names: [String], _ options: RabbitMQOptions) throws(AMQPError) -> [String: (
        ready: Int, consumers: Int
    )] {
        let administration = try TopologyAdministration(options)
        defer { administration.close() }
        var counts: [String: (ready: Int, consumers: Int)] = [:]
        for name in names { counts[name] = try administration.counts(of: name) }
        return counts
    }
}
