internal import ArgumentParser
internal import ChaosModel
internal import Foundation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Run once and judge.")

    @Option(help: "How many builds.")
    var builds = 2000

    @Option(help: "How many faults.")
    var faults = 50

    @Option(help: "What everything is drawn from.")
    var seed: UInt64

    @Option(help: "How many workers, 1-3. (default: drawn from the seed)")
    var workers: Int?

    @Option(
        help:
            "Which queues: quorum, classic, upstream, guide or alone. (default: drawn from the seed, quorum, guide or alone)"
    )
    var layout: ChaosSettings.Layout?

    @Option(help: "Where the evidence is left. The directory is replaced.")
    var evidence: String

    @Option(help: "Where the workers' spool directories are made.")
    var spool: String

    @Option(help: "The library that lets a worker's clock jump.")
    var libfaketime: String

    func validate() throws {
        guard self.builds > 0, self.faults >= 0 else {
            throw ValidationError("There must be a build at least, and no fault at least.")
        }
        guard (1...3).contains(self.workers ?? 1) else { throw ValidationError("1 to 3 workers.") }
    }

    func run() async throws {
        let settings = ChaosSettings(
            seed: self.seed, builds: self.builds, faults: self.faults, workers: self.workers, layout: self.layout)
        let files = EvidenceFiles(URL(fileURLWithPath: self.evidence))
        do {
            let run = try await ChaosRun.prepare(
                settings, files, spool: URL(fileURLWithPath: self.spool), libfaketime: self.libfaketime)
            try await run.run()
        } catch {
            FileHandle.standardError.write(Data("error: the run itself failed: \(error)\n".utf8))
            throw ExitCode.runFailed
        }
        let verdict = Verdict(try Evidence(reading: files))
        print("\n\(verdict)")
        guard verdict.isGood else { throw ExitCode.broken }
    }
}

extension ChaosSettings.Layout: ExpressibleByArgument {}
