internal import ArgumentParser
internal import BuildWorker
internal import Foundation
internal import Spool
internal import Support

struct Spool: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "See, retry or drop spooled jobs: late notes to the build API, build events, runs of the operator's command, reports.",
        discussion: """
            Reads SPOOL_DIRECTORY; needs no broker, and works while a worker runs. A job waits in new, is in flight in cur, and is \
            dead after SPOOL_ATTEMPTS runs. No build depends on a job.
            """,
        subcommands: [List.self, Show.self, Retry.self, Drop.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One line a job: id, kind, box, age, attempts, last error.",
            usage: "worker spool list [<options>]")
        @OptionGroup var filter: Filter
        @Flag(name: .long, help: "As JSON.") var json = false
        @OptionGroup var options: ConfigurationOptions

        func run() throws {
            let entries = try self.filter.entries(try open(self.options), boxes: [.new, .cur, .dead])
            if self.json {
                print(JSONValue.array(entries.map { $0.document() }).text(indented: true))
            } else {
                print(entries.isEmpty ? "nothing is in the spool" : entries.map { $0.line() }.joined(separator: "\n"))
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a job with its history and what its runs said. Tokens are hidden.")
        @Argument(help: "The job's id, from 'list'.") var id: String
        @OptionGroup var options: ConfigurationOptions

        func run() throws {
            let view = try open(self.options)
            var selection = SpoolView.Selection()
            selection.ids = [self.id]
            guard let entry = try view.entries(selection).first else {
                throw Failure("not in the spool: \(self.id). 'worker spool list' shows what is")
            }
            print(entry.document().text(indented: true))
            if let log = try view.log(of: entry) { print(log) }
        }
    }

    struct Retry: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give dead jobs all their attempts again. Their history stays.",
            usage: "worker spool retry [<ids> ...] [<options>]")
        @OptionGroup var chosen: Chosen
        @OptionGroup var options: ConfigurationOptions

        func run() throws { try self.chosen.apply(self.options, [.dead], "retried") { try $0.retry($1) } }
    }

    struct Drop: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Remove dead jobs for good, or waiting ones with --waiting. Say why: it is printed with what was dropped.",
            usage: "worker spool drop [<ids> ...] --reason <reason> [<options>]")
        @OptionGroup var chosen: Chosen
        @Flag(name: .long, help: "Those that wait too.") var waiting = false
        @Option(name: .long, help: "The reason, for the log.") var reason: String
        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            if self.reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason must say why") }
        }

        func run() throws {
            try self.chosen.apply(
                self.options, self.waiting ? [.dead, .new] : [.dead], "dropped", because: self.reason
            ) { try $0.drop($1) }
        }
    }

    struct Filter: ParsableArguments {
        @Option(name: .long, help: "status, publish, command or report; may be given several times.") var kind:
            [String] = []
        @Option(name: .long, help: "Only those made at least so many seconds ago.") var olderThan = 0
        @Option(name: .long, help: "Only those in which this text stands, as 'show' prints them.") var match = ""

        func validate() throws {
            if self.kind.contains(where: { JobKind(rawValue: $0) == nil }) {
                throw ValidationError("--kind must be status, publish, command or report")
            }
            if self.olderThan < 0 { throw ValidationError("--older-than must be 0 or more seconds") }
        }

        var isEmpty: Bool { self.kind.isEmpty && self.olderThan == 0 && self.match.isEmpty }

        func entries(_ view: SpoolView, boxes: Set<JobBox>, ids: [String] = []) throws -> [SpoolView.Entry] {
            var selection = SpoolView.Selection()
            if !self.kind.isEmpty { selection.kinds = Set(self.kind.compactMap(JobKind.init)) }
            (selection.boxes, selection.ids) = (boxes, Set(ids))
            (selection.olderThan, selection.text) = (.seconds(self.olderThan), self.match)
            return try view.entries(selection)
        }
    }

    struct Chosen: ParsableArguments {
        @Argument(help: "Ids, from 'list'.") var ids: [String] = []
        @Flag(name: .long, help: "All of them.") var all = false
        @Flag(name: .long, help: "Say what would be done, and do nothing.") var dryRun = false
        @OptionGroup var filter: Filter

        func validate() throws {
            if self.ids.isEmpty, !self.all, self.filter.isEmpty {
                throw ValidationError("name ids, narrow down with --kind, --older-than or --match, or give --all")
            }
            if !self.ids.isEmpty, self.all { throw ValidationError("name ids, or give --all") }
        }

        func apply(
            _ options: ConfigurationOptions, _ boxes: Set<JobBox>, _ word: String, because reason: String? = nil,
            _ change: (SpoolView, SpoolView.Entry) throws -> Bool
        ) throws {
            let view = try open(options)
            let entries = try self.filter.entries(view, boxes: boxes, ids: self.ids)
            let why = reason.map { "  because: \($0)" } ?? ""
            for entry in entries {
                let line = entry.line()
                if self.dryRun {
                    print("would be \(word): \(line)")
                } else if try change(view, entry) {
                    print("\(word) \(line)\(why)")
                }
            }
            let missing = Set(self.ids).subtracting(entries.map(\.name.id))
            if !missing.isEmpty {
                throw Failure(
                    "nothing to do for \(missing.sorted().joined(separator: ", ")). 'worker spool list' shows what is there"
                )
            }
            if entries.isEmpty { print("there is no such job") }
        }
    }
}

private func open(_ options: ConfigurationOptions) throws -> SpoolView {
    let directory = try options.load().configuration.spoolDirectory
    guard FileManager.default.fileExists(atPath: directory) else {
        throw Failure("there is no directory \(directory) (SPOOL_DIRECTORY)")
    }
    return try SpoolView(spool: directory)
}
