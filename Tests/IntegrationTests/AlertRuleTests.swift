import Foundation
import TestSupport
import Testing

extension Integration {
    /// The alert rules in Prometheus's own evaluation (promtool).
    @Suite(.simulatedClusterOnly("no worker runs")) struct AlertRuleTests {
        private static let folder = Surroundings.sourceRoot.appendingPathComponent("Config/monitoring").path

        @Test(arguments: [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]])
        func promtoolAgrees(_ arguments: [String]) async throws {
            let file = "\(Self.folder)/\(arguments[2])"
            let promtool = try ChildProcess(
                URL(fileURLWithPath: "/usr/bin/promtool"), [arguments[0], arguments[1], file])
            let code = try await promtool.waitForExit()
            #expect(code == 0, "\(promtool.output)\(promtool.errors)")
            #expect("\(promtool.output)\(promtool.errors)".contains("SUCCESS"))
        }
    }
}
