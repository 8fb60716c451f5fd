package import Logging
internal import Spool
internal import Support

/// The worker's files. Without a disk the worker continues; what a crash would lose is logged once per part.
package struct WorkerFiles: Sendable {
    /// Locked for the worker's lifetime.
    let spool: SpoolDirectory?
    /// Exists while this worker runs.
    let runMarker: StartMarker?
    /// Exists until it consumes messages.
    let startMarker: StartMarker?
    let timers: TimerJournal?
    let jobs: [JobKind: SpoolQueue]?

    /// Opens the files, creating missing ones, except those of ``Isolation``. Blocks.
    package init(_ configuration: WorkerConfiguration, host: String, logger: Logger) {
        /// - Parameter loss: what is lost if it cannot be opened.
        func open<Part>(or loss: String, level: Logger.Level = .error, _ body: () throws(SpoolError) -> Part) -> Part? {
            do throws(SpoolError) { return try body() } catch {
                logger.log(level: level, "\(loss)", metadata: ["error": .string(error.description)])
                return nil
            }
        }
        let spool = open(
            or:
                "no spool (SPOOL_DIRECTORY): a message that crashes the worker is known by the broker's count only, and init timers of a broker without an init queue die with the process"
        ) { () throws(SpoolError) in try SpoolDirectory(configuration.spoolDirectory) }
        self.spool = spool
        if let finding = spool?.finding { logger.notice("\(finding)") }
        guard let path = spool?.path else {
            (self.runMarker, self.startMarker, self.timers, self.jobs) = (nil, nil, nil, nil)
            return
        }
        self.runMarker = open(
            or: "the next worker will not know how this one ended: the spool cannot be written", level: .warning
        ) { () throws(SpoolError) in
            try StartMarker("\(path)/running", note: "\(Timestamp.now.text)\n")
        }
        self.startMarker = open(
            or: "a death before the first message would leave no trace: the spool cannot be written", level: .warning
        ) { () throws(SpoolError) in
            try StartMarker(
                "\(path)/starting",
                note:
                    "\(Timestamp.now.text) \(Product.name) \(Product.version) on \(host), process \(ProcessUsage.pid)\n"
            )
        }
        if let earlier = self.startMarker?.earlier {
            logger.error(
                "an earlier worker died before it took a message",
                metadata: ["worker": .string(earlier.sanitizedForLog(limit: 200))])
        }
        self.timers = open(
            or: "init timers cannot be written down: those of a broker without an init queue die with the process"
        ) { () throws(SpoolError) in
            try TimerJournal("\(path)/timers")
        }
        self.jobs = open(
            or: "jobs that may wait cannot be written down: late notes to the build API and events are lost"
        ) { () throws(SpoolError) in
            var limits = SpoolQueue.Limits()
            limits.attempts = configuration.spoolJobs.attempts
            var jobs: [JobKind: SpoolQueue] = [:]
            for kind in JobKind.allCases { jobs[kind] = try SpoolQueue(kind, spool: path, limits: limits) }
            return jobs
        }
    }
}
