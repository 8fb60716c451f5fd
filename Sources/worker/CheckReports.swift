internal import ArgumentParser
internal import BuildWorker
internal import Foundation

struct CheckReports: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reports",
        abstract: "How often one cause has failed attempts of late.",
        usage: "worker check reports [<options>]",
        discussion: "-w and -c are for the reports of the most frequent fingerprint: 10 and 50. What the cause is: 'worker reports list --fingerprint'.")
    @OptionGroup var check: CheckOptions
    @Option(name: .long, help: "Since when: 30m, 6h, 2d, or a time such as 2026-11-21T09:00:00Z; 10m.") var since: Since?

    func run() async throws {
        var check = ReportsCheck()
        self.check.apply(to: &check.count)
        let since = self.since ?? Since(secondsAgo: 600)
        await self.check.conclude { configuration in
            let spool = configuration.spoolDirectory
            // A wrong path must not look like a worker without failures.
            guard FileManager.default.fileExists(atPath: spool) else { return CheckResult(.unknown, "there is no SPOOL_DIRECTORY \(spool)") }
            do throws(SpoolError) {
                return check.judge(ReportSummary.summing(try ReportStore(spool: spool).list(since: since.text)), since: since.text)
            } catch { return CheckResult(.unknown, error.description) }
        }
    }
}
