package import Logging
internal import Spool
internal import Support

/// What the worker keeps on its disk, opened, with what an earlier worker left there. Without a disk the worker goes on; what only a disk can
/// keep is then lost in a crash, and each part says so once.
package struct WorkerFiles: Sendable {
    /// Held for as long as the worker lives: it is nobody else's meanwhile.
    let spool: SpoolDirectory?
    /// There for as long as this worker runs.
    let runMarker: StartMarker?
    /// There until it takes messages.
    let startMarker: StartMarker?
    let timers: TimerJournal?
    let jobs: [JobKind: SpoolQueue]?

    /// Opens, and makes where they are missing, all but what ``Isolation`` keeps. Blocks.
    package init(_ configuration: WorkerConfiguration, host: String, logger: Logger) {
        /// - Parameter loss: what is lost where it cannot be opened.
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
