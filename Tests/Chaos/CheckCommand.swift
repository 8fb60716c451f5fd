internal import ArgumentParser
internal import ChaosModel
internal import Foundation

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Judge the evidence of an earlier run again.")

    @Argument(help: "The directory with the evidence.")
    var directory: String

    func run() throws {
        let verdict = Verdict(try Evidence(reading: EvidenceFiles(URL(fileURLWithPath: self.directory))))
        print(verdict)
        guard verdict.isGood else { throw ExitCode.broken }
    }
}
