internal import ArgumentParser
internal import BuildWorker

struct CheckSpool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract: "How many jobs wait, are in hand or were given up, and for how long they have been due.",
        usage: "worker check spool [<options>]",
        discussion: "-w and -c are for the jobs in 'new' and in 'cur' of each kind: 50 and 100. A job that was given up is CRITICAL.")
    @OptionGroup var check: CheckOptions
    @Option(name: .long, help: ArgumentHelp("When to warn of the job that has been due for the longest time, in seconds; 900.", valueName: "range"), transform: alertRange)
    var age: AlertRange?

    func run() async throws {
        var check = SpoolCheck()
        self.check.apply(to: &check.depth)
        if let age { check.age.warning = age }
        await self.check.conclude { configuration in
            do throws(SpoolError) {
                return check.judge(try SpoolCensus(of: configuration.spoolDirectory), now: .now)
            } catch { return CheckResult(.unknown, error.description) }
        }
    }
}
