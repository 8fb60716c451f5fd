import Foundation
import TestSupport
import Testing

@testable import BuildWorker

extension Integration {
    /// A message that kills the worker harms nobody but itself. (Debug builds of the worker die of some messages on purpose.)
    @Suite struct PoisonTests {
        /// ``Stage/keepRunning(spool:until:)``, of a worker that the poison kills.
        private func keepRunning(
            _ stage: Stage, spool: () -> String, until isDone: () async throws -> Bool
        ) async throws -> [WorkerProcess] {
            let runs = try await stage.keepRunning(spool: spool, until: isDone)
            for run in runs.dropLast() { #expect(try await run.child.waitForExit() == 128 + SIGKILL) }
            return runs
        }

        @Test(arguments: ["test-hook/kills-handler", "test-hook/kills-reader"])
        func amongNineteenInnocents(image: String) async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            for build in 1...20 { try await stage.publish(stage.start(build, image: build == 10 ? image : "fate/running:1")) }
            // Slow enough for all to be in hand when it kills.
            try await stage.simulator.fault(["listener": "kubernetes", "method": "POST", "action": ["delayMs": 100]])
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            let runs = try await self.keepRunning(stage, spool: { spool }) {
                let state = try await stage.simulator.state()
                // A worker killed after a timer was confirmed and before the ack arms it once more.
                return try state.status(10) == "FAILURE" && state.podsCreated == 19 && stage.depth(\.initTimers) >= 19 && stage.isSettled()
            }
            #expect(runs.count == 4, "it may kill three workers")
            let state = try await stage.simulator.state()
            for build in (1...20) where build != 10 { #expect(state.pods(build).count == 1, "build \(build)") }
            #expect(state.pods(10).isEmpty)
            #expect(state.message(10).contains("crashed the worker 3 times"))
            #expect(try stage.depth(\.parked) == 1)
            #expect(try runs.allSatisfy { try !$0.hasLogged("retrying ") }, "its neighbours are not charged an attempt")
            let parked = try #require(try await stage.take(1, from: stage.queues.parked).first)
            #expect(parked.properties.headers[Header.parkedReason]?.text == "poison")
            try await runs.last?.terminate()
            #expect(try !FileManager.default.contentsOfDirectory(atPath: spool).contains("suspects"), "nobody is suspected any more")
        }

        @Test func theBrokersCountWillDoWhereTheDiskDoesNotSurvive() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            for build in 1...5 { try await stage.publish(stage.start(build, image: build == 3 ? "test-hook/kills-reader" : "fate/running:1")) }
            let runs = try await self.keepRunning(stage, spool: { Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path }) {
                let state = try await stage.simulator.state()
                return try state.status(3) == "FAILURE" && state.podsCreated == 4 && stage.depth(\.initTimers) >= 4 && stage.isSettled()
            }
            #expect(runs.count == 4)
            #expect(try stage.depth(\.parked) == 1)
            let state = try await stage.simulator.state()
            for build in [1, 2, 4, 5] { #expect(state.pods(build).count == 1, "build \(build)") }
            try await runs.last?.terminate()
        }

        @Test func oneThatNobodyCanReadIsParkedAllTheSame() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            for build in 1...3 { try await stage.publish(stage.start(build, image: build == 1 ? "test-hook/kills-every-reader" : "fate/running:1")) }
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            let runs = try await self.keepRunning(stage, spool: { spool }) {
                guard try await stage.simulator.state().podsCreated == 2, try stage.depth(\.parked) == 1, try stage.isSettled() else { return false }
                return try await stage.broker.unacked(prefix: stage.queues.build) == 0
            }
            #expect(runs.count == 5, "three to convict it, one that tells its build")
            try await eventually("the log names it") { try runs.last?.hasLogged("the build has to be ended by hand") == true }
            try await runs.last?.terminate()
        }

        @Test func poisonWhoseFailureIsNotTakenStaysParked() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            try await stage.simulator.setListener("api", open: false)
            try await stage.publish(stage.start(1, image: "test-hook/kills-handler"))
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            let runs = try await self.keepRunning(stage, spool: { spool }) { try stage.depth(\.parked) == 1 && stage.depth(\.wait) + stage.depth(\.build) == 1 }
            // Another worker, which knows nothing of its crashes, gets it.
            try await runs.last?.terminate()
            try await stage.simulator.setListener("api", open: true)
            let other = try stage.startWorker()
            try await eventually("its build is told") { try await stage.simulator.state().status(1) == "FAILURE" }
            #expect(try await stage.simulator.state().message(1).contains("crashed the worker 3 times"))
            try await eventually("nothing is left") { try stage.isSettled() }
            #expect(try stage.depth(\.parked) == 1, "it is parked once")
            #expect(other.child.isRunning)
            try await other.terminate()
        }

        @Test func retriedPoisonIsTriedAgain() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            try await stage.publish(stage.start(1, image: "test-hook/kills-handler"))
            let runs = try await self.keepRunning(stage, spool: { spool }) { try await stage.simulator.state().status(1) == "FAILURE" && stage.isSettled() }
            try await runs.last?.terminate()
            let retry = try await WorkerProcess.run(["parked", "retry", "--all", "--code", "poison"], environment: stage.environment())
            #expect(retry.code == 0, "\(retry.errors)")
            let again = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": spool])
            #expect(try await again.child.waitForExit() == 128 + SIGKILL, "a retry begins with a clean record")
        }

        @Test func twoWorkersDoNotShareASpool() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let spool = ["SPOOL_DIRECTORY": Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path]
            let workers = try [stage.startWorker(["run"], spool), stage.startWorker(["run"], spool)]
            for worker in workers { try await worker.waitUntilConsuming() }
            #expect(try workers.count { try $0.hasLogged("no spool (SPOOL_DIRECTORY)") } == 1, "one goes on without and says so")
            for worker in workers { try await worker.terminate() }
        }
    }
}
