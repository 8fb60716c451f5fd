internal import ArgumentParser
internal import BuildWorker
internal import Foundation
internal import Support

struct Reports: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "See why attempts and builds failed.",
        discussion: """
            Every failed attempt leaves a report below SPOOL_DIRECTORY, kept for REPORTS_KEEP_DAYS days. Its id stands in the build's status \
            message and in the log; reports with one cause share a fingerprint. Needs no broker, and no running worker.
            """,
        subcommands: [List.self, Show.self, Summary.self])

    struct Selection: ParsableArguments {
        @Option(name: .long, help: "Only those of this build.") var build: Int?
        @Option(name: .long, help: "Only those with this fingerprint.") var fingerprint: String?
        @Option(name: .long, help: "Only newer ones: 30m, 6h, 2d, or a time such as 2026-11-21T09:00:00Z.") var since:
            Since?

        func reports(_ options: ConfigurationOptions) throws -> [FailureReport] {
            let store = ReportStore(spool: try options.load().configuration.spoolDirectory)
            return try store.list(since: self.since?.text).filter { report in
                (self.build == nil || report.buildID == self.build)
                    && (self.fingerprint == nil || report.fingerprint == self.fingerprint)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One line a report: id, when, what, build, attempt, fingerprint, cause.",
            usage: "worker reports list [<options>]")
        @OptionGroup var selection: Selection
        @Flag(name: .long, help: "JSON, one report a line.") var json = false
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let reports = try self.selection.reports(self.options)
            if reports.isEmpty, !self.json { print("no reports") }
            for report in reports { print(self.json ? report.document.text() : report.line) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a whole report: the causes, and what was done step by step.")
        @Argument(help: "The report's id, from 'list', the log, or the build's status message.") var id: String
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let store = ReportStore(spool: try self.options.load().configuration.spoolDirectory)
            guard let report = try store.report(self.id) else {
                throw Failure(
                    "there is no report \(self.id) below SPOOL_DIRECTORY: it is older than REPORTS_KEEP_DAYS, or another worker's"
                )
            }
            print(report.document.text(indented: true))
        }
    }

    struct Summary: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Counts by fingerprint, with first and last seen; the latest first.",
            usage: "worker reports summary [<options>]")
        @OptionGroup var selection: Selection
        @Flag(name: .long, help: "JSON, one fingerprint a line.") var json = false
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let summaries = ReportSummary.summing(try self.selection.reports(self.options))
            if summaries.isEmpty, !self.json { print("no reports") }
            for one in summaries {
                let count = String(repeating: " ", count: max(0, 6 - String(one.count).count)) + String(one.count)
                let when = "\(one.firstSeen) .. \(one.lastSeen)  \(one.version)  last \(one.lastReportID)"
                print(self.json ? one.document.text() : "\(count)  \(one.fingerprint)  \(when)  \(one.title)")
            }
        }
    }
}

/// The start of a period that ends now.
struct Since: ExpressibleByArgument {
    /// RFC 3339.
    let text: String

    private init(text: String) { self.text = text }

    init(secondsAgo seconds: Int) {
        self.text = Timestamp(secondsSince1970: Timestamp.now.secondsSince1970 - seconds, milliseconds: 0).text
    }

    init?(argument: String) {
        if argument.wholeMatch(of: /\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?/) != nil {
            self.init(text: argument)
            return
        }
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Int(argument.dropLast()),
            (0...1_000_000).contains(count)
        else { return nil }
        self.init(secondsAgo: count * unit)
    }
}
