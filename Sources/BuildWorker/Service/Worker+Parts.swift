internal import Logging

/// Parts of the worker that need a disk, and what is said where there is none.
extension Worker {
    static func spooler(
        _ configuration: WorkerConfiguration, _ spool: SpoolDirectory?, _ host: String, _ buildAPI: BuildAPIClient, _ meters: Meters, _ logger: Logger
    ) -> Spooler? {
        guard let spool else { return nil }
        let store = ReportStore(spool: spool.path)
        do throws(SpoolError) {
            return try Spooler(configuration, spool: spool, host: host, buildAPI: buildAPI, meters: meters, logger: logger) { bytes in
                do {
                    guard let report = FailureReport(try JSONValue(parsing: bytes)) else { return .hopeless("it is no report") }
                    return try await OwnThread.run { try store.file(report) } ? .done : .refused("the day has \(ReportStore.largestDay) reports already")
                } catch { return .failed("\(error)") }
            }
        } catch {
            logger.error(
                "jobs that may wait cannot be written down: late notes to the build API and events are lost", metadata: ["error": .string(error.description)])
            return nil
        }
    }

    static func journal(_ spool: SpoolDirectory?, _ logger: Logger) -> TimerJournal? {
        guard let spool else { return nil }
        do throws(SpoolError) { return try TimerJournal("\(spool.path)/timers") } catch {
            logger.error("init timers cannot be written down: those of a broker without an init queue die with the process", metadata: ["error": .string(error.description)])
            return nil
        }
    }

    static func startMarker(_ spool: SpoolDirectory?, _ host: String, _ logger: Logger) -> StartMarker? {
        guard let spool else { return nil }
        do throws(SpoolError) {
            let note = "\(Timestamp.now.text) \(Product.name) \(Product.version) on \(host), process \(ProcessUsage.pid)\n"
            let marker = try StartMarker("\(spool.path)/starting", note: note)
            if let earlier = marker.earlier {
                logger.error("an earlier worker died before it took a message", metadata: ["worker": .string(earlier.safeToShow(limit: 200))])
            }
            return marker
        } catch {
            logger.warning("a death before the first message would leave no trace: the spool cannot be written", metadata: ["error": .string(error.description)])
            return nil
        }
    }

    static func runMarker(_ spool: SpoolDirectory?, _ logger: Logger) -> StartMarker? {
        guard let spool else { return nil }
        do throws(SpoolError) { return try StartMarker("\(spool.path)/running", note: "\(Timestamp.now.text)\n") } catch {
            logger.warning("the next worker will not know how this one ended: the spool cannot be written", metadata: ["error": .string(error.description)])
            return nil
        }
    }

    /// Of workers that could not report themselves.
    func reportEarlierDeaths() {
        if let earlier = self.watchdog.startMarker?.earlier {
            self.reporter.tell(
                FailureReport(
                    .startFailed, Problem(.worker, "a worker died before it took a message"), causes: ["an earlier worker died before it took a message", earlier],
                    host: self.host), self.logger)
        }
        let suspects = self.pipeline.quarantine.suspectMessages
        guard !suspects.isEmpty else { return }
        let messages = "messages \(suspects.prefix(20).map { "\($0)" }.joined(separator: ", "))"
        var causes = ["an earlier worker ended without warning with \(suspects.count) messages in hand, which are handled one by one", messages]
        let loop = self.pipeline.quarantine.crashLoop
        if let loop {
            causes = [
                loop.description, "mend what answers '\(loop.step.rawValue)', or the worker itself: its last log lines and core dump say more; nobody else's build is failed for it",
                "a message of \(loop.messages) that really is to blame is parked once others get past that step", messages,
            ]
        }
        let root = loop.map { "a worker ends again and again at '\($0.step.rawValue)'" } ?? "a worker ended without warning"
        self.reporter.tell(FailureReport(.crashed, Problem(.worker, root), causes: causes, host: self.host), self.logger)
    }

    /// The process ends before it took a message, for this reason. Writes it down at once.
    public func reportFailedStart(_ reason: String) {
        self.logger.critical("\(reason)")
        guard let spool else { return }
        do throws(SpoolError) {
            try ReportStore(spool: spool.path).file(FailureReport(.startFailed, Problem(.worker, reason), causes: [reason], host: self.host))
        } catch { self.logger.error("the report cannot be kept on disk", metadata: ["error": .string(error.description)]) }
    }

    /// What the janitor does besides looking at queues and pods.
    static func chores(
        _ configuration: WorkerConfiguration, _ spool: SpoolDirectory?, _ spooler: Spooler?, _ meters: Meters
    ) -> [@Sendable () throws -> Void] {
        let days = configuration.janitor.reportDays
        guard let spool else { return [] }
        return [
            {
                let oldest = Timestamp(secondsSince1970: Timestamp.now.secondsSince1970 - (days - 1) * 86_400, milliseconds: 0)
                let count = try ReportStore(spool: spool.path).prune(before: String(oldest.text.prefix(10)))
                if count > 0 { meters.count(.janitorRemoved, "reports", by: count) }
            },
            {
                let count = try spooler?.clean(logsOlderThan: .seconds(7 * 86_400), deadOlderThan: .seconds(30 * 86_400)) ?? 0
                if count > 0 { meters.count(.janitorRemoved, "spool", by: count) }
            },
        ]
    }
}
