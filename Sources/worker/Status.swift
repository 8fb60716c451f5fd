internal import ArgumentParser
internal import BuildWorker
internal import Clients
internal import Foundation
internal import Support

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a running worker has in flight, what it waits for, and what is wrong.",
        discussion: """
            Asks the worker that runs here (on STATUS_PORT) or the one at --url. The status page, http://127.0.0.1:STATUS_PORT/, shows the same.

            Exit codes: 0 ready · 1 not ready; the problems are named first · 69 the worker cannot be reached.
            """)

    @Option(
        name: .long, help: ArgumentHelp("The worker's address, for example http://10.1.2.3:8081.", valueName: "address")
    )
    var url: String?
    @Flag(name: .long, help: "The document of /status as it is.") var json = false
    @Flag(name: .long, help: "Again every two seconds, until Ctrl-C.") var watch = false
    @OptionGroup var options: ConfigurationOptions

    private static let interval = Duration.seconds(2)
    private static let deadline = Duration.seconds(5)
    /// Rows per table in watch mode, so that nothing scrolls off the screen.
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
                throw Failure(error.description, .unavailable)
            }
            print(self.json ? status.text(indented: true) : StatusText(status, colours: colours).text)
            if status["ready"]?.bool != true { throw ExitCode(.failed) }
            return
        }
        while true {
            let text: String
            do throws(StatusQuestion.Failure) {
                text =
                    StatusText(try await question.ask(deadline: Self.deadline), colours: colours, limit: Self.fewRows)
                    .text
            } catch { text = error.description }
            // Home and clear avoid flicker and keep the scrollback.
            FileHandle.standardOutput.write(Data("\(isTerminal ? "\u{1B}[H\u{1B}[2J" : "")\(text)\n".utf8))
            try await Task.sleep(for: Self.interval)
        }
    }

    private func question() throws -> StatusQuestion {
        // With an explicit URL no configuration is needed.
        let server = self.url == nil ? try self.options.load().configuration.status : nil
        do throws(StatusQuestion.Failure) { return try StatusQuestion(url: self.url, server) } catch {
            throw ValidationError(error.description)
        }
    }
}

/// Requests the document of `/status` from a worker.
struct StatusQuestion {
    enum Failure: Error, CustomStringConvertible {
        case unreachable(reason: String, nobodyListens: Bool)
        /// Another server responds, or the address is unknown.
        case noWorker(reason: String)

        var description: String {
            switch self {
            case .unreachable(let reason, _), .noWorker(let reason): reason
            }
        }
    }

    private let address: String

    /// - Parameter url: of the worker; `nil`: the local one, at `server`.
    init(url: String?, _ server: ServerOptions?) throws(Failure) {
        guard let server, url == nil else {
            let url = url ?? ""
            self.address = url.hasSuffix("/") ? "\(url)status" : "\(url)/status"
            return
        }
        guard server.port != 0 else {
            throw .noWorker(
                reason:
                    "PORT or STATUS_PORT is 0, so the worker has taken a free port and logged it: name it with --url")
        }
        // A server bound to a specific address is reached there only.
        let host = ["0.0.0.0", "::", ""].contains(server.host) ? "127.0.0.1" : server.host
        self.address = "http://\(host.contains(":") ? "[\(host)]" : host):\(server.port)/status"
    }

    func ask(deadline: Duration) async throws(Failure) -> JSONValue {
        let response: HTTPResponse
        do throws(HTTPError) {
            let request = HTTPRequest(method: "GET", url: self.address)
            response = try await HTTPTransport(HTTPOptions(name: "worker")).send(request, deadline: deadline)
        } catch {
            throw .unreachable(
                reason: "the worker cannot be reached: \(error)", nobodyListens: error.code == .connectionRefused)
        }
        guard response.status == 200 else {
            let advice =
                [
                    404: ": ask STATUS_PORT and not PORT",
                    421: ": ask by IP address, or add the name to its STATUS_HOSTS",
                ][response.status] ?? ""
            throw .noWorker(reason: "no worker's status: \(self.address) answered \(response.status)\(advice)")
        }
        do throws(JSONError) { return try JSONValue(parsing: response.body) } catch {
            throw .noWorker(reason: "no worker's status: the answer of \(self.address) is no JSON")
        }
    }
}
