internal import ArgumentParser
internal import BuildWorker
internal import Foundation

/// The command line. Each subcommand is a composition root of its own: it makes what it needs and ends.
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
            Run.self, Status.self, Check.self, TopologyCommand.self, Publish.self, Parked.self, Spool.self, Reports.self, Pod.self, Config.self,
        ])
}

/// ``ExitStatus``, to be thrown.
enum Exit {
    static let failed = ExitCode(.failed)
    static let unreadableMessage = ExitCode(.unreadableMessage)
    static let unavailable = ExitCode(.unavailable)
    static let crashLoop = ExitCode(.crashLoop)
    static let startFailed = ExitCode(.startFailed)
    static let wrongConfiguration = ExitCode(.wrongConfiguration)
}

extension ExitCode {
    fileprivate init(_ status: ExitStatus) { self.init(status.rawValue) }
}

/// Where the configuration comes from; every subcommand takes it.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .long, help: "A YAML or JSON file with keys of Config/default.yaml; variables override it.")
    var config: String?

    /// Ends the process with every problem on stderr when there is one.
    func load() throws -> LoadedConfiguration {
        do throws(ConfigurationError) { return try self.read() } catch {
            printError("the configuration is wrong, nothing was started:\n\(error)")
            throw Exit.wrongConfiguration
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

    /// Overwrites their values where the kernel has put them: `/proc/PID/environ` shows those bytes to every program of this user, whatever
    /// `unsetenv` says, for that takes away no more than the pointer to them.
    private static func forget(_ variables: Set<String>) {
        for variable in variables {
            guard let value = getenv(variable) else { continue }
            memset(value, 0, strlen(value))
            unsetenv(variable)
        }
    }
}

func printError(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

/// Reads a message from a file, or from stdin for `-`.
func readMessage(_ file: String) throws -> [UInt8] {
    if file == "-" { return [UInt8](try FileHandle.standardInput.readToEnd() ?? Data()) }
    do {
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
    } catch {
        printError("cannot read \(file): \(error.localizedDescription)")
        throw Exit.failed
    }
}
