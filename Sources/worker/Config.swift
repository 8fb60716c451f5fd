internal import ArgumentParser
internal import BuildWorker
internal import Support

struct Config: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }
    enum Other: String, ExpressibleByArgument, CaseIterable { case original }

    static let configuration = CommandConfiguration(
        abstract: "Print every setting with its variable, its value and where that came from.",
        usage: "worker config [<options>]",
        discussion: """
            Secrets print as <redacted>. Problems are all named at once, and then the exit code is 78. With --compare original: which defaults that \
            differ from those of the worker we succeed would be felt here, and what to set to have them as before.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(name: .long, help: "text or json.")
    var format = Format.text

    @Option(name: .long, help: "Name what differs from the original and would be felt here.")
    var compare: Other?

    func run() async throws {
        let loaded = try self.options.load()
        switch (self.format, self.compare) {
        case (.text, nil): print(loaded.report.table)
        case (.json, nil): print(loaded.report.document.text(indented: true))
        case (.text, .original): print(DefaultDifference.text(loaded))
        case (.json, .original): print(DefaultDifference.document(loaded).text(indented: true))
        }
        for note in loaded.notes where self.compare == nil || !loaded.unused.contains(note) {
            printError("note: \(note)")
        }
    }
}
