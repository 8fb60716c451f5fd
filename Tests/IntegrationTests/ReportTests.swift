import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// Why did build N fail? One command says.
    @Suite struct ReportTests {
        @Test func everyFailedAttemptLeavesAReport() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(1))
            defer { stage.clear() }
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            let environment = ["SPOOL_DIRECTORY": spool, "RABBITMQ_MSG_REPROCESS_LIMIT": "1"]
            let worker = try stage.startWorker(["run"], environment)
            try await worker.waitUntilConsuming()
            // A quota that stays: an attempt, another, FAILURE.
            try await stage.publish(stage.start(1, image: "fate/quota:1"))
            try await stage.publish(stage.start(2, image: "fate/bad-image:1"))
            try await stage.publish(Array("{".utf8))
            try await stage.publish(stage.start(3, image: "fate/running:1"))
            try await eventually("all is over") {
                let state = try await stage.simulator.state()
                return try state.status(1) == "FAILURE" && state.status(2) == "FAILURE" && state.hostname(3) != nil
                    && stage.depth(\.parked) == 1 && stage.isSettled()
                    && stage.depth(\.initTimers) == 0
            }
            let message = try await stage.simulator.state().message(1)
            let id = try #require(message.firstMatch(of: /\[report ([0-9a-f]{12})\]$/)).output.1
            // A failure is told before its delivery is settled, and that is when its report is written.
            try await eventually("the worker counts each cause") {
                try await worker.status()["reports"]?.array?.count == 4
            }
            try await worker.terminate()

            let all = try await self.lines(["list", "--json"], stage, environment)
            #expect(
                all.map { $0["kind"]?.string }.sorted { $0 ?? "" < $1 ?? "" } == [
                    "build-failed", "build-failed", "parked", "retried",
                ])
            #expect(!all.contains { $0["buildId"] == 3 }, "nothing failed there")
            let ofOne = try await self.lines(["list", "--json", "--build", "1", "--since", "10m"], stage, environment)
            #expect(ofOne.map { $0["kind"]?.string } == ["retried", "build-failed"])
            #expect(ofOne.map { $0["class"]?.string } == ["quota", "quota"])
            let fingerprint = try #require(ofOne[0]["fingerprint"]?.string)
            #expect(
                try await self.lines(["list", "--json", "--fingerprint", fingerprint], stage, environment).count == 1)
            #expect(try await self.lines(["summary", "--json"], stage, environment).count == 4)

            let shown = try await WorkerProcess.run(
                ["reports", "show", String(id)], environment: stage.environment(environment))
            #expect(shown.code == 0, "\(shown.errors)")
            let report = try JSONValue(parsing: shown.output)
            #expect(report["buildId"] == 1)
            #expect(report["causes"]?.array?.first?.string?.contains("exceeded quota") == true)
            #expect(report["timeline"]?.array?.contains { $0["step"] == "create the pod" } == true)
            #expect(!shown.output.contains(Stage.secret) && !shown.output.contains(stage.clusterToken))
            let unknown = try await WorkerProcess.run(
                ["reports", "show", "000000000000"], environment: stage.environment(environment))
            #expect(unknown.code == 1)
            #expect(unknown.errors.contains("there is no report 000000000000"))
        }

        private func lines(_ arguments: [String], _ stage: Stage, _ environment: [String: String]) async throws
            -> [JSONValue]
        {
            let run = try await WorkerProcess.run(["reports"] + arguments, environment: stage.environment(environment))
            #expect(run.code == 0, "\(run.errors)")
            return try run.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        }

        @Test(arguments: ["PORT", "STATUS_PORT"]) func aPortThatIsTakenIsAFailedStart(setting: String) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            let first = try stage.startWorker()
            let port = String(try await first.healthPort())
            let second = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": spool, setting: port])
            #expect(try await second.child.waitForExit() == 71)
            #expect(try second.hasLogged("the HTTP server cannot listen on"))
            #expect(try second.hasLogged("Set \(setting) (and "))
            let reports = try await self.lines(["list", "--json"], stage, ["SPOOL_DIRECTORY": spool])
            #expect(reports.map { $0["kind"]?.string } == ["start-failed"])
            try await first.terminate()
        }
    }
}
