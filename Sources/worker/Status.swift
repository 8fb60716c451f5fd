internal import ArgumentParser
internal import BuildWorker
internal import Foundation

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a running worker has in hand, what it waits for, and what is wrong.",
        discussion: """
            Asks the worker that runs here (on PORT) or the one at --url. The status page, http://…:PORT/, shows the same.

            Exit codes: 0 ready · 1 not ready; the problems are named first · 69 the worker cannot be reached.
            """)

    @Option(name: .long, help: ArgumentHelp("The worker's address, for example http://10.1.2.3:8080.", valueName: "address"))
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
        let address = try self.address()
        let transport = HTTPTransport(connectionsPerHost: 1)
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let environment = ProcessInfo.processInfo.environment
        let colours = isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        guard self.watch else {
            let status: JSONValue
            do throws(Unreachable) { status = try await Self.ask(address, transport) } catch {
                printError(error.description)
                throw Exit.unavailable
            }
            print(self.json ? status.text(indented: true) : StatusText(status, colours: colours).text)
            if status["ready"]?.bool != true { throw Exit.failed }
            return
        }
        while true {
            let text: String
            do throws(Unreachable) {
                text = StatusText(try await Self.ask(address, transport), colours: colours, limit: Self.fewRows).text
            } catch { text = error.description }
            // Home and clear: nothing flickers, and what was on the screen before is still above it.
            FileHandle.standardOutput.write(Data("\(isTerminal ? "\u{1B}[H\u{1B}[2J" : "")\(text)\n".utf8))
            try await Task.sleep(for: Self.interval)
        }
    }

    /// Of `/status`.
    private func address() throws -> String {
        if let url { return url.hasSuffix("/") ? "\(url)status" : "\(url)/status" }
        let port = try self.options.load().configuration.httpd.port
        guard port != 0 else { throw ValidationError("PORT is 0, so the worker has taken a free one and logged it: name it with --url") }
        return "http://127.0.0.1:\(port)/status"
    }

    private static func ask(_ address: String, _ transport: HTTPTransport) async throws(Unreachable) -> JSONValue {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await transport.send(HTTPRequest(method: "GET", url: address, service: "worker"), deadline: self.deadline)
        } catch {
            throw Unreachable(description: "the worker cannot be reached: \(error)")
        }
        guard response.status == 200 else { throw Unreachable(description: "no worker's status: \(address) answered \(response.status)") }
        do throws(JSONError) { return try JSONValue(parsing: response.body) } catch {
            throw Unreachable(description: "no worker's status: the answer of \(address) is no JSON")
        }
    }

    private struct Unreachable: Error {
        let description: String
    }
}
