internal import ArgumentParser
internal import BuildWorker
internal import Dispatch
internal import Foundation
internal import RabbitMQ
internal import Spool
internal import Support
internal import Synchronization

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check one thing and say in one line how it is, for Nagios and whatever speaks its plugin protocol.",
        discussion: """
            Prints 'STATUS - text | figures'. Exit codes: 0 OK · 1 WARNING · 2 CRITICAL · 3 UNKNOWN, which is also wrong usage and wrong \
            configuration. Changes nothing.

            A threshold is a range of values that are fine: 10 (0 to 10), 10: (10 and more), ~:10 (10 and less), 10:20; @10:20 are values \
            that are not.
            """,
        subcommands: [CheckWorker.self, CheckQueues.self, CheckSpool.self, CheckReports.self])

    /// Without it this would print help and exit with 0, which monitoring takes for OK.
    func run() async throws { throw ValidationError("name what to check: worker, queues, spool or reports") }
}

/// Options common to all checks.
struct CheckOptions: ParsableArguments {
    @Option(
        name: [.customShort("w"), .long], help: ArgumentHelp("When to warn.", valueName: "range"), transform: alertRange
    )
    var warning: AlertRange?
    @Option(
        name: [.customShort("c"), .long], help: ArgumentHelp("When it is critical.", valueName: "range"),
        transform: alertRange)
    var critical: AlertRange?
    @Option(
        name: [.customShort("t"), .long],
        help: ArgumentHelp("CRITICAL when there is no answer within so many seconds.", valueName: "seconds"))
    var timeout = 10.0
    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        guard (0.1...3600).contains(self.timeout) else { throw ValidationError("--timeout is 0.1 to 3600 s") }
    }

    func apply(to thresholds: inout Thresholds) {
        if let warning { thresholds.warning = warning }
        if let critical { thresholds.critical = critical }
    }

    /// Runs the check, prints its line and exits with its code, at the latest after ``timeout``.
    func conclude(_ check: (WorkerConfiguration) async throws -> CheckResult) async -> Never {
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + self.timeout)
        let seconds = self.timeout
        // Plugin guidelines: a timeout is a failure of the target, not of the check.
        timer.setEventHandler { say(CheckResult(.critical, "no answer within \(seconds) s")) }
        timer.resume()
        do { say(try await check(try self.options.read().configuration)) } catch {
            let words = error is ConfigurationError ? "the configuration is wrong: \(error)" : "\(error)"
            say(CheckResult(error is AMQPError ? .critical : .unknown, words))
        }
    }
}

/// Never released: if a result and a timeout coincide, only one is printed.
private let voice = Mutex(())

func say(_ result: CheckResult) -> Never {
    voice.withLock { _ in
        FileHandle.standardOutput.write(Data("\(result.line)\n".utf8))
        _exit(result.status.exitCode)
    }
}

private func alertRange(_ text: String) throws -> AlertRange {
    guard let range = AlertRange(text) else {
        throw ValidationError("'\(text)' is no range: write 10, 10:, ~:10, 10:20 or @10:20")
    }
    return range
}

struct CheckWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract:
            "Whether the worker is alive, consumes and makes progress, and how long its oldest delivery has been in flight.",
        usage: "worker check worker [<options>]",
        discussion: """
            Asks the worker that runs here (on STATUS_PORT) or the one at --url. Where nobody listens on STATUS_PORT, its heartbeat file in \
            SPOOL_DIRECTORY is looked at instead. -w and -c are for the age of the oldest delivery in seconds: 300 and 900.

            With --alive it is CRITICAL only when a restart would mend it: as HEALTHCHECK of a container, and for other supervisors.
            """)
    @OptionGroup var check: CheckOptions
    @Option(
        name: .long, help: ArgumentHelp("The worker's address, for example http://10.1.2.3:8081.", valueName: "address")
    )
    var url: String?
    @Flag(
        name: .long, help: "Only whether it is alive. What others keep it from, an outage or missing queues, is fine.")
    var alive = false

    func run() async throws {
        await self.check.conclude { configuration in
            var check = WorkerCheck(heartbeat: configuration.rabbitmq.heartbeat)
            self.check.apply(to: &check.unackedAge)
            check.asksForLifeOnly = self.alive
            do throws(StatusQuestion.Failure) {
                // Ends before the timeout, so that the reason is printed.
                let question = try StatusQuestion(url: self.url, configuration.status)
                return check.judge(try await question.ask(deadline: .seconds(self.check.timeout * 0.75)))
            } catch {
                guard case .unreachable(let reason, let nobodyListens) = error else { throw error }
                // A worker that accepts the connection but does not respond is stuck, despite a recent heartbeat.
                guard self.url == nil, nobodyListens else { return CheckResult(.critical, reason) }
                let host = ProcessInfo.processInfo.environment["HOSTNAME"] ?? ProcessInfo.processInfo.hostName
                do throws(SpoolError) {
                    return check.judge(unreachable: reason, try Heartbeat(of: configuration.spoolDirectory, host: host))
                } catch { return CheckResult(.critical, "\(reason), and \(error)") }
            }
        }
    }
}

struct CheckQueues: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract:
            "How deep the queues are, whether anybody consumes them, what is parked, and whether they are as they should be.",
        usage: "worker check queues [<options>]",
        discussion: """
            -w and -c are for the messages that are ready in the build, wait, retry and retry wait queue, of each: 100 and 1000. Where a worker \
            answers on STATUS_PORT, the init timers that it waits for are compared with those that are there.
            """)
    @OptionGroup var check: CheckOptions
    @Option(
        name: .long, help: ArgumentHelp("The address of a worker to compare init timers with.", valueName: "address"))
    var url: String?
    @Flag(
        name: .long,
        help: "Differences of the topology that lose no message are fine: for queues that somebody else made.")
    var acceptDrift = false

    func run() async throws {
        var check = QueuesCheck()
        self.check.apply(to: &check.depth)
        check.acceptsDrift = self.acceptDrift
        await self.check.conclude { configuration in
            let rabbitmq = configuration.rabbitmq
            // First: a timer armed meanwhile must not count as missing.
            let timers = await self.expectedTimers(configuration.status)
            let view = await ManagementAPI(rabbitmq).view(of: Topology(rabbitmq))
            let administration = try TopologyAdministration(rabbitmq, view: view)
            defer { administration.close() }
            let places = try administration.survey()
            let queues = rabbitmq.queues.map { role, name in
                let place = places.first { $0.wantedName == name }
                return QueuesCheck.Queue(role, place?.name ?? name, ready: place?.ready, consumers: place?.consumers)
            }
            return check.judge(queues, try administration.check(places), expectedTimers: timers)
        }
    }

    /// Timers with the broker; `nil` if no worker responds, which is for 'check worker' to report.
    private func expectedTimers(_ server: ServerOptions) async -> Int? {
        do throws(StatusQuestion.Failure) {
            let question = try StatusQuestion(url: self.url, server)
            let timers = try await question.ask(deadline: .seconds(min(2, self.check.timeout / 4)))["timers"]
            return timers?["expected"]?.integer.map { max(0, $0 - (timers?["local"]?.integer ?? 0)) }
        } catch { return nil }
    }
}

struct CheckSpool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract: "How many jobs wait, are in flight or were given up, and for how long they have been due.",
        usage: "worker check spool [<options>]",
        discussion:
            "-w and -c are for the jobs in 'new' and in 'cur' of each kind: 50 and 100. A job that was given up is CRITICAL."
    )
    @OptionGroup var check: CheckOptions
    @Option(
        name: .long,
        help: ArgumentHelp(
            "When to warn of the job that has been due for the longest time, in seconds; 900.", valueName: "range"),
        transform: alertRange)
    var age: AlertRange?

    func run() async throws {
        var check = SpoolCheck()
        self.check.apply(to: &check.depth)
        if let age { check.age.warning = age }
        await self.check.conclude { check.judge(try SpoolCensus(of: $0.spoolDirectory), now: .now) }
    }
}

struct CheckReports: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reports",
        abstract: "How often one cause has failed attempts of late.",
        usage: "worker check reports [<options>]",
        discussion: """
            -w and -c are for the reports of the most frequent fingerprint: 10 and 50. What the cause is: \
            'worker reports list --fingerprint'.
            """)
    @OptionGroup var check: CheckOptions
    @Option(name: .long, help: "Since when: 30m, 6h, 2d, or a time such as 2026-11-21T09:00:00Z; 10m.") var since:
        Since?

    func run() async throws {
        var check = ReportsCheck()
        self.check.apply(to: &check.count)
        await self.check.conclude { configuration in
            let (spool, since) = (configuration.spoolDirectory, (self.since ?? Since(secondsAgo: 600)).text)
            // A wrong path must not look like a worker without failures.
            guard FileManager.default.fileExists(atPath: spool) else {
                throw Failure("there is no SPOOL_DIRECTORY \(spool)")
            }
            return check.judge(ReportSummary.summing(try ReportStore(spool: spool).list(since: since)), since: since)
        }
    }
}
