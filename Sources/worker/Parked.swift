internal import ArgumentParser
internal import BuildWorker
internal import Foundation
internal import RabbitMQ
internal import Support

struct Parked: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: """
            See, retry or drop messages that were parked: unreadable ones, those that crashed the worker, and those whose end the build API \
            would not be told.
            """,
        discussion: """
            Every message keeps its body, its headers and, in headers of ours, why and when it was parked. Looking changes \
            nothing. To mend one: 'show --raw ID > FILE', edit, 'worker publish FILE', then 'drop --reason "mended" ID'.
            """,
        subcommands: [List.self, Show.self, Retry.self, Drop.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One line a message: id, when, why, from where, size.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let rabbitmq = try self.options.load().configuration.rabbitmq
            var lines: [String] = []
            try await ParkedQueue(rabbitmq).review { parked in
                lines.append(parked.line)
                return .leave
            }
            print(lines.isEmpty ? "nothing is parked in \(rabbitmq.parkedQueue)" : lines.joined(separator: "\n"))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a message with its properties. Tokens are hidden.",
            discussion: "--raw prints the body alone, as it came: it may hold a token.")
        @Argument(help: "The message's id, from 'list'.") var id: String
        @Flag(name: .long, help: "The body alone, byte for byte.") var raw = false
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            var found: ParkedMessage?
            try await ParkedQueue(try self.options.load().configuration.rabbitmq).review { parked in
                if parked.id == self.id { found = parked }
                return .leave
            }
            guard let found else { throw Parked.unknown([self.id]) }
            if self.raw {
                FileHandle.standardOutput.write(Data(found.body))
            } else {
                print(found.document.text(indented: true))
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give messages back to the queue they came from, with no attempts counted.",
            usage: "worker parked retry [<ids> ...] [<options>]",
            discussion: """
                The broker has confirmed the new message before the parked one goes. Why it was parked stays in its header x-parked-history.
                """)
        @OptionGroup var selection: Selection
        @Option(name: .long, help: "Another queue, by its routing key.") var to: String?
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            try await self.selection.apply(self.options, .retry(queue: self.to)) { "retried \($0.line)" }
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove messages for good. Say why: it is printed with what was dropped.",
            usage: "worker parked drop [<ids> ...] --reason <reason> [<options>]")
        @OptionGroup var selection: Selection
        @Option(name: .long, help: "The reason, for the log.") var reason: String
        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            if self.reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason must say why") }
        }

        func run() async throws {
            try await self.selection.apply(self.options, .drop) { "dropped \($0.line)  because: \(self.reason)" }
        }
    }

    private static func unknown(_ ids: [String]) -> Failure {
        Failure("not parked: \(ids.joined(separator: ", ")). 'worker parked list' shows what is")
    }

    struct Selection: ParsableArguments {
        @Argument(help: "Ids, from 'list'.") var ids: [String] = []
        @Flag(name: .long, help: "All of them.") var all = false
        @Option(name: .long, help: "Only those parked with this code, for example unknown-job; with --all.") var code:
            String?

        func validate() throws {
            if self.ids.isEmpty != self.all { throw ValidationError("name ids, or give --all") }
            if self.code != nil, !self.all { throw ValidationError("--code goes with --all") }
        }

        func apply(_ options: ConfigurationOptions, _ verdict: ParkedQueue.Verdict, _ line: (ParkedMessage) -> String)
            async throws
        {
            let rabbitmq = try options.load().configuration.rabbitmq
            var missing = Set(self.ids)
            var lines: [String] = []
            // Changes made before a failure are printed too.
            defer { lines.forEach { print($0) } }
            try await ParkedQueue(rabbitmq).review { parked in
                let isChosen =
                    self.all ? self.code.map { $0 == parked.reason } ?? true : missing.remove(parked.id) != nil
                return isChosen ? verdict : .leave
            } done: {
                lines.append(line($0))
            }
            if !missing.isEmpty { throw Parked.unknown(missing.sorted()) }
            if lines.isEmpty {
                print("nothing is parked in \(rabbitmq.parkedQueue)\(self.code.map { " with code \($0)" } ?? "")")
            }
        }
    }
}

extension ParkedMessage {
    fileprivate var line: String {
        let retries = self.retries > 0 ? "  retried before: \(self.retries)" : ""
        let origin = self.origin ?? "unknown"
        return
            "\(self.id)  \(self.parkedAt)  \(self.reason)  from \(origin)  \(self.body.count) bytes  \(self.detail)\(retries)"
    }
}
