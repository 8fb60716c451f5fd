internal import ArgumentParser
internal import BuildWorker
internal import Foundation

extension WorkerCommand {
    /// As ArgumentParser has it, but for wrong usage of a check: 64 is no exit code of a plugin, and what a plugin says belongs on stdout.
    static func main() async {
        // Kept until they are heeded, which is the first thing that it does.
        if CommandLine.arguments.dropFirst().first == "run" { Self.hold([SIGTERM, SIGINT]) }
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

    /// Signals wait instead of ending the process. Called while it has no other thread: later ones begin with the same mask.
    private static func hold(_ signals: [Int32]) {
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in signals { sigaddset(&mask, signal) }
        pthread_sigmask(SIG_BLOCK, &mask, nil)
    }
}
