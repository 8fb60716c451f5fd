internal import ArgumentParser
internal import BuildWorker
internal import Foundation

extension WorkerCommand {
    /// As ArgumentParser has it, but for wrong usage of a check: 64 is no exit code of a plugin, and what a plugin says belongs on stdout.
    static func main() async {
        do {
            var command = try self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            if CommandLine.arguments.dropFirst().first == "check", self.exitCode(for: error) == .validationFailure {
                say(CheckResult(.unknown, "wrong usage: \(self.message(for: error))"))
            }
            self.exit(withError: error)
        }
    }
}
