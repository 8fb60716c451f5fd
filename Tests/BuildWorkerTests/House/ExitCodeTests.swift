import Foundation
import Testing

@testable import BuildWorker

/// Exit codes mean one thing, wherever they are named.
@Suite struct ExitCodeTests {
    private static func text(_ path: String) throws -> String {
        try String(contentsOf: ConfigurationFixture.root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func theHelpFitsATerminal() {
        for line in ExitStatus.help.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }

    /// `exit code 71 (cannot start…)`: where a text names a code it says what it means, in the words of the table.
    @Test(arguments: [
        "README.md", "WORKFLOW.md", "docs/operate.md", "docs/configuration.md", "docs/migrating.md",
        "Config/monitoring/README.md", "Config/monitoring/alerts.yaml", "Config/kubernetes/base/deployment.yaml",
        "Sources/worker/Run.swift", "Sources/worker/Config.swift", "Sources/worker/TopologyCommand.swift",
    ])
    func textsNameCodesThatExist(_ path: String) throws {
        let text = try Self.text(path).replacing(/\s*\n\s*(?:#|\/\/\/?)?\s*/, with: " ")
        for match in text.matches(of: /(?i)\bexit code (\d+)(?: \(([^)]*)\))?/) {
            let status = try #require(
                ExitStatus(rawValue: Int32(match.output.1) ?? -1), "\(path): no exit code is \(match.output.1)")
            if let words = match.output.2 { #expect(status.meaning.hasPrefix(words), "\(path): \(match.output.0)") }
            if path.hasSuffix("alerts.yaml") {
                #expect(match.output.2 != nil, "\(path) does not say what \(match.output.0) means")
            }
        }
    }
}
