internal import ArgumentParser
internal import BuildWorker
internal import Foundation

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a running worker has in hand, what it waits for, and what is wrong.",
        discussion: """
            Asks the worker that runs here (on STATUS_PORT) or the one at --url. The status page, http://127.0.0.1:STATUS_PORT/, shows the same.

            Exit codes: 0 ready · 1 not ready; the problems are named first · 69 the worker cannot be reached.
            """)

    @Option(name: .long, help: ArgumentHelp("The worker's address, for example http://10.1.2.3:8081.", valueName: "address"))
    var url: String?
    @Flag(name: .long, help: "The document of /status as it is.") var json = false
    @Flag(name: .long, help: "Again every two seconds, until Ctrl-C.") var watch = false
    @OptionGroup var options: ConfigurationOptions

    private static let interval = Duration.seconds(2)
    private static let deadline = Duration.seconds(5)
    /// Rows of a table while watching: what scrolls away is not seen.
    private static let fewRows = 12

    func validate() throws {
        if self.json, self.watch { throw ValidationError("--json and --watch do not go together") }
    }

    func run() async throws {
        let question = try self.question()
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let environment = ProcessInfo.processInfo.environment
        let colours = isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        guard self.watch else {
            let status: JSONValue
            do throws(StatusQuestion.Failure) { status = try await question.ask(deadline: Self.deadline) } catch {
                printError(error.description)
                throw Exit.unavailable
            }
            print(self.json ? status.text(indented: true) : StatusText(status, colours: colours).text)
            if status["ready"]?.bool != true { throw Exit.failed }
            return
        }
        while true {
            let text: String
            do throws(StatusQuestion.Failure) {
                text = StatusText(try await question.ask(deadline: Self.deadline), colours: colours, limit: Self.fewRows).text
            } catch { text = error.description }
            // Home and clear: nothing flickers, and what was on the screen before is still above it.
            FileHandle.standardOutput.write(Data("\(isTerminal ? "\u{1B}[H\u{1B}[2J" : "")\(text)\n".utf8))
            try await Task.sleep(for: Self.interval)
        }
    }

    private func question() throws -> StatusQuestion {
        // Who names the worker needs no configuration.
        let server = self.url == nil ? try self.options.load().configuration.status : ServerOptions()
        do throws(StatusQuestion.Failure) { return try StatusQuestion(url: self.url, server) } catch { throw ValidationError(error.description) }
    }
}
