import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// `worker status`: what it prints is tested in StatusTextTests, here its way there and its exit codes.
    @Suite(.simulatedClusterOnly("no worker runs")) struct StatusCommandTests {
        private func status(_ answer: Answer, _ arguments: String...) async throws -> (
            code: Int32, output: String, errors: String
        ) {
            try await serving(["/status": { answer }]) { port in
                try await WorkerProcess.run(
                    ["status", "--url", "http://127.0.0.1:\(port)/"] + arguments, environment: [:])
            }
        }

        @Test func aWorkerThatIsNotReadyIsExitCode1() async throws {
            let result = try await self.status(.json(try StatusPageTests.recorded()))
            #expect(result.code == 1, "\(result.errors)")
            #expect(result.output.hasPrefix("build-worker 1.0.0 on worker-7d9f8c-x2x4q: NOT READY\n"))
            #expect(!result.output.contains("\u{1B}"), "colours are for terminals")
        }

        @Test func aReadyWorkerIsExitCode0() async throws {
            var document = try StatusPageTests.recorded()
            document["ready"] = true
            document["problems"] = []
            #expect(try await self.status(.json(document)).code == 0)
            let result = try await self.status(.json(document), "--json")
            #expect(result.code == 0)
            #expect(try JSONValue(parsing: result.output) == document)
        }

        @Test func whatIsNoWorkerIsExitCode69() async throws {
            let refused = try await WorkerProcess.run(["status", "--url", "http://127.0.0.1:1"], environment: [:])
            #expect(refused.code == 69)
            #expect(
                refused.errors.contains("the worker cannot be reached: GET http://127.0.0.1:1/status: cannot connect"))
            let text = try await self.status(.text("ok"))
            #expect(text.code == 69)
            #expect(text.errors.contains("is no JSON"))
            let refusing = try await self.status(.text("no", isOK: false))
            #expect(refusing.code == 69)
            #expect(refusing.errors.contains("answered 503"))
        }

        @Test func theConfiguredPortIsAsked() async throws {
            let document = try StatusPageTests.recorded()
            let result = try await serving(["/status": { .json(document) }]) { port in
                try await WorkerProcess.run(
                    ["status"],
                    environment: [
                        "STATUS_PORT": String(port),
                        "BUILD_WORKER_CONFIG_DIR": Surroundings.sourceRoot.appendingPathComponent("Config").path,
                    ])
            }
            #expect(result.code == 1, "\(result.errors)")
        }
    }
}
