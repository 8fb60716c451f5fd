internal import ArgumentParser
internal import BuildWorker
internal import Dispatch
internal import Foundation
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

    /// Without it this would print help and exit with 0, which is OK to whoever watches.
    func run() async throws { throw ValidationError("name what to check: worker, queues, spool or reports") }
}

/// What every check takes.
struct CheckOptions: ParsableArguments {
    @Option(name: [.customShort("w"), .long], help: ArgumentHelp("When to warn.", valueName: "range"), transform: alertRange)
    var warning: AlertRange?
    @Option(name: [.customShort("c"), .long], help: ArgumentHelp("When it is critical.", valueName: "range"), transform: alertRange)
    var critical: AlertRange?
    @Option(name: [.customShort("t"), .long], help: ArgumentHelp("CRITICAL when there is no answer within so many seconds.", valueName: "seconds"))
    var timeout = 10.0
    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        guard (0.1...3600).contains(self.timeout) else { throw ValidationError("--timeout is 0.1 to 3600 s") }
    }

    /// What was given takes the place of what is usual.
    func apply(to thresholds: inout Thresholds) {
        if let warning { thresholds.warning = warning }
        if let critical { thresholds.critical = critical }
    }

    /// Makes the check, prints its line and ends the process with its exit code; after ``timeout`` whatever the check is at.
    func conclude(_ check: (WorkerConfiguration) async -> CheckResult) async -> Never {
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + self.timeout)
        let seconds = self.timeout
        // The guidelines for plugins: what takes too long is a fault of what is checked, not of the check.
        timer.setEventHandler { say(CheckResult(.critical, "no answer within \(seconds) s")) }
        timer.resume()
        let configuration: WorkerConfiguration
        do throws(ConfigurationError) { configuration = try self.options.read().configuration } catch {
            say(CheckResult(.unknown, "the configuration is wrong: \(error)"))
        }
        say(await check(configuration))
    }
}

/// Never given back: of a verdict and a timer that end at once, one speaks.
private let voice = Mutex(())

/// Prints the line and ends the process.
func say(_ result: CheckResult) -> Never {
    voice.withLock { _ in
        FileHandle.standardOutput.write(Data("\(result.line)\n".utf8))
        _exit(result.status.exitCode)
    }
}

/// For options.
func alertRange(_ text: String) throws -> AlertRange {
    guard let range = AlertRange(text) else { throw ValidationError("'\(text)' is no range: write 10, 10:, ~:10, 10:20 or @10:20") }
    return range
}
