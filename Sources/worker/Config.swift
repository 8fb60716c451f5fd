internal import ArgumentParser
internal import BuildWorker

struct Config: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    static let configuration = CommandConfiguration(
        abstract: "Print every setting with its variable, its value and where that came from.",
        discussion: "Secrets print as <redacted>. Problems are all named at once, and then the exit code is 78.")

    @OptionGroup var options: ConfigurationOptions

    @Option(name: .long, help: "text or json.")
    var format = Format.text

    func run() async throws {
        let loaded = try self.options.load()
        switch self.format {
        case .text: print(loaded.report.table)
        case .json: print(loaded.report.document.text(indented: true))
        }
        for note in loaded.notes { printError("note: \(note)") }
    }
}
