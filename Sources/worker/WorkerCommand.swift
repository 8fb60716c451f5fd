internal import ArgumentParser
internal import BuildWorker
internal import Foundation
internal import RabbitMQ
internal import Spool
internal import Support

/// The command line. Each subcommand is its own composition root.
@main
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Takes build messages from RabbitMQ and starts a Kubernetes pod for each.",
        discussion: """
            Configure it with environment variables (RABBITMQ_HOST, K8S_HOST, …; 'worker config' lists them all with their \
            values) or a YAML file. A first look at a new installation:

              worker config            what is set, and where it came from
              worker topology check    whether the queues are there, and the cost
              worker topology apply    make the queues
              worker run               work until SIGTERM
              worker status            what a running worker does, and what is wrong
              worker check worker      the same in a line for Nagios; also other checks
              worker reports summary   what failed, counted by cause
              worker parked list       messages that nobody could read or that crashed it
              worker spool list        notes, events and hook runs that wait or are dead

            Exit codes:

            \(ExitStatus.help)
            """,
        version: Product.version,
        subcommands: [
            Run.self, Status.self, Check.self, TopologyCommand.self, Publish.self, Parked.self, Spool.self,
            Reports.self, Pod.self, Config.self,
        ])

    /// Like ArgumentParser's `main`, except for this program's errors and exit codes, and for wrong usage of a check:
    /// it follows the plugin protocol (stdout, no exit code 64).
    static func main() async {
        // Signals stay pending until they are handled, first thing in `run`.
        if CommandLine.arguments.dropFirst().first == "run" { Self.hold([SIGTERM, SIGINT]) }
        do {
            var command = try self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            if CommandLine.arguments.dropFirst().first == "check", self.exitCode(for: error) == .validationFailure {
                say(CheckResult(.unknown, "wrong usage: \(self.message(for: error))"))
            }
            guard let status = ExitStatus(error) else { self.exit(withError: error) }
            printError("\(error)")
            self.exit(withError: ExitCode(status))
        }
    }

    /// Blocks signals, which stay pending. Call it while the process has a single thread: later ones inherit the mask.
    private static func hold(_ signals: [Int32]) {
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in signals { sigaddset(&mask, signal) }
        pthread_sigmask(SIG_BLOCK, &mask, nil)
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String
    let status: ExitStatus

    init(_ description: String, _ status: ExitStatus = .failed) {
        (self.description, self.status) = (description, status)
    }
}

extension ExitStatus {
    /// `nil`: an error of ArgumentParser.
    fileprivate init?(_ error: any Error) {
        switch error {
        case let error as Failure: self = error.status
        case let error as AMQPError: self = error.isRetriable ? .unavailable : .failed
        case let error as ParkedQueue.Failure:
            if case .broker(let error) = error, error.isRetriable { self = .unavailable } else { self = .failed }
        case is SpoolError: self = .failed
        default: return nil
        }
    }
}

extension ExitCode {
    init(_ status: ExitStatus) { self.init(status.rawValue) }
}

/// Options for the configuration's location, common to all subcommands.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .long, help: "A YAML or JSON file with keys of Config/default.yaml; variables override it.")
    var config: String?

    /// Exits with all problems if there are any.
    func load() throws -> LoadedConfiguration {
        do throws(ConfigurationError) { return try self.read() } catch {
            throw Failure("the configuration is wrong, nothing was started:\n\(error)", .wrongConfiguration)
        }
    }

    func read() throws(ConfigurationError) -> LoadedConfiguration {
        let environment = ProcessInfo.processInfo.environment
        let executable = Bundle.main.executablePath ?? CommandLine.arguments[0]
        let directory = try ConfigurationDirectory.locate(executablePath: executable, environment: environment)
        let loaded = try ConfigurationLoader(directory: directory).load(file: self.config, environment: environment)
        Self.forget(loaded.secretVariables)
        return loaded
    }

    /// Overwrites the values in place: `/proc/PID/environ` shows the original bytes even after `unsetenv`.
    private static func forget(_ variables: Set<String>) {
        for variable in variables {
            guard let value = getenv(variable) else { continue }
            memset(value, 0, strlen(value))
            unsetenv(variable)
        }
    }
}

func printError(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
