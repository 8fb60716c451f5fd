internal import ArgumentParser

/// Runs the worker's binary against a real broker and a simulated cluster while both fail, and judges what is left.
@main
struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract: "Builds with mixed fates, faults drawn from a seed, and an independent checker.",
        discussion: "Exit codes: 0 every promise was kept, 1 one was broken, 64 wrong usage, 70 the run itself failed.",
        subcommands: [RunCommand.self, CheckCommand.self])
}

extension ExitCode {
    static let broken = ExitCode(1)
    static let runFailed = ExitCode(70)
}
