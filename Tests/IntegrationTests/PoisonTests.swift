import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

extension Integration {
    /// A message that kills the worker harms nobody but itself. (Debug builds of the worker die of some messages on purpose.)
    @Suite struct PoisonTests {
        /// ``Stage/keepRunning(spool:until:)``, of a worker that something kills.
        private func keepRunning(
            _ stage: Stage, spool: () -> String, _ environment: [String: String] = [:],
            until isDone: ([WorkerProcess]) async throws -> Bool
        ) async throws -> [WorkerProcess] {
            func start() throws -> WorkerProcess {
                try stage.startWorker(["run"], environment.merging(["SPOOL_DIRECTORY": spool()]) { $1 })
            }
            var runs = [try start()]
            try await eventually("what the worker is kept running for", within: .seconds(90)) {
                if let last = runs.last, !last.child.isRunning { runs.append(try start()) }
                return try await isDone(runs)
            }
            for run in runs.dropLast() { #expect(try await run.child.waitForExit() == 128 + SIGKILL) }
            return runs
        }

        private static func newSpool() -> String {
            Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
        }

        @Test(arguments: [
            "kills-handler", "kills-reader", "kills-at-createPod", "kills-at-getPod", "kills-at-armTimerAndNotify",
            "kills-at-settle",
        ])
        func amongNineteenInnocents(hook: String) async throws {
            // Once its pod is there, its build runs, and is not failed for what its message does to workers.
            let pods = ["kills-handler", "kills-reader", "kills-at-createPod"].contains(hook) ? 0 : 1
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            for build in 1...20 {
                try await stage.publish(stage.start(build, image: build == 10 ? "test-hook/\(hook)" : "fate/running:1"))
            }
            // Slow enough for all to be in flight when it kills.
            try await stage.simulator.fault(["listener": "kubernetes", "method": "POST", "action": ["delayMs": 100]])
            // And for nobody to be done before it: one that kills with its last step is alone in its queue then, and nobody can tell.
            for build in (1...20) where build != 10 {
                try await stage.simulator.fault([
                    "listener": "api", "build": .string("\(build)"), "action": ["delayMs": 300],
                ])
            }
            let spool = Self.newSpool()
            let runs = try await self.keepRunning(stage, spool: { spool }, Stage.looking()) { _ in
                let state = try await stage.simulator.state()
                // A worker killed after a timer was confirmed and before the ack arms it once more.
                return try state.status(10) == (pods == 0 ? "FAILURE" : "RUNNING") && stage.depth(\.parked) == 1
                    && state.podsCreated == 19 + pods && stage.depth(\.initTimers) >= 19 && stage.isSettled()
            }
            #expect(runs.count == 4, "it may kill three workers")
            let state = try await stage.simulator.state()
            for build in (1...20) where build != 10 { #expect(state.pods(build).count == 1, "build \(build)") }
            #expect(state.pods(10).count == pods)
            if pods == 0 { #expect(state.message(10).contains("crashed the worker 3 times")) }
            #expect(try runs.allSatisfy { try !$0.hasLogged("retrying ") }, "its neighbours are not charged an attempt")
            let parked = try #require(try await stage.take(1, from: stage.queues.parked).first)
            #expect(parked.properties.headers[Header.parkedReason]?.text == "poison")
            try await runs.last?.terminate()
            #expect(
                try !FileManager.default.contentsOfDirectory(atPath: spool).contains("suspects"),
                "nobody is suspected any more")
        }

        /// It may have died of a message before that was on record, or of being idle: one at a time tells.
        @Test func afterAnEndWithoutWarningAndWithoutSuspectsMessagesComeOneAtATime() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let spool = Self.newSpool()
            let caution = "messages are taken one at a time at first"
            let killed = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": spool])
            try await killed.waitUntilConsuming()
            try await killed.child.kill9()
            for build in 1...3 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            let next = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": spool])
            try await eventually("all builds are started") {
                let state = try await stage.simulator.state()
                return (1...3).allSatisfy { state.pods($0).count == 1 }
            }
            #expect(try next.hasLogged(caution))
            try await next.terminate()
            let last = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": spool])
            try await last.waitUntilConsuming()
            #expect(try !last.hasLogged(caution) && !killed.hasLogged(caution))
            try await last.terminate()
        }

        @Test func poisonThatIsVerifiedIsConvictedByOthersThatAre() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(2))
            defer { stage.clear() }
            for build in 1...8 {
                try await stage.publish(
                    stage.start(build, image: build == 4 ? "test-hook/kills-at-getPod" : "fate/running:1"))
            }
            let spool = Self.newSpool()
            var builds = 8
            let runs = try await self.keepRunning(stage, spool: { spool }) { runs in
                // Others go on coming, as in life: where nobody else is verified any more, nobody shows that the step can be survived.
                while builds < 7 + runs.count {
                    builds += 1
                    try await stage.publish(stage.start(builds, image: "fate/running:1"))
                }
                return try await stage.simulator.state().status(4) == "RUNNING" && stage.depth(\.parked) == 1
                    && stage.isSettled() && stage.depth(\.initTimers) == 0
            }
            let state = try await stage.simulator.state()
            for build in 1...builds { #expect(state.pods(build).count == 1, "build \(build)") }
            for build in 1...builds { #expect(state.status(build) != "FAILURE", "build \(build)") }
            #expect(try stage.depth(\.parked) == 1)
            try await runs.last?.terminate()
        }

        /// A peer that kills whoever asks for this, until it heals.
        @Test(arguments: ["askWhetherItWaits", "createPod", "getPod", "armTimerAndNotify", "settle"])
        func aPeerThatKillsConvictsNobody(step: String) async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let peer = "\(Self.newSpool()).peer"
            try Data(step.utf8).write(to: URL(fileURLWithPath: peer))
            let environment = Stage.looking(["TEST_HOOK_PEER": peer])
            // Repeated, so that each asks for its build first.
            for build in 1...10 {
                try await stage.publish(
                    stage.start(build, image: "fate/running:1"), headers: [Header.earlierAttempts: .int64(0)])
            }
            let spool = Self.newSpool()
            let killed = try await self.keepRunning(stage, spool: { spool }, environment) { $0.count == 6 }
            let paused = try #require(killed.last)
            try await eventually("it says so") {
                try await paused.health().text.contains("crash loop: 4 workers in a row died")
            }
            #expect(try await paused.health().status == 503)
            #expect(try await paused.get("/livez").status == 200, "it lives, and waits")
            #expect(try await paused.metrics()["build_worker_crash_loop"] == 1)
            #expect(try paused.hasLogged("crash loop: 4 workers in a row died"))
            #expect(try await paused.terminate() == 70, "a drain ends the pause, and what is left goes back")

            try FileManager.default.removeItem(atPath: peer)
            let runs = try await self.keepRunning(stage, spool: { spool }, environment) { _ in
                try await stage.simulator.state().podsCreated == 10 && stage.depth(\.initTimers) >= 10
                    && stage.isSettled()
            }
            let healed = try #require(runs.last)
            #expect(runs.count == 1)
            try await eventually("it is over") { try await healed.health().status == 200 }
            let state = try await stage.simulator.state()
            for build in 1...10 {
                #expect(state.pods(build).count == 1, "build \(build)")
                #expect(state.status(build) != "FAILURE", "build \(build)")
            }
            #expect(try stage.depth(\.parked) == 0)
            #expect(try (killed + runs).allSatisfy { try !$0.hasLogged("retrying ") }, "nobody is charged an attempt")
            #expect(try await healed.terminate() == 0)
            #expect(
                try !FileManager.default.contentsOfDirectory(atPath: spool).contains("suspects"),
                "nobody is suspected any more")
        }

        @Test func aloneInItsQueueItIsConvictedOnceOthersSurvive() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            try await stage.publish(stage.start(1, image: "test-hook/kills-at-createPod"))
            let spool = Self.newSpool()
            var begun: [ContinuousClock.Instant] = []
            let killed = try await self.keepRunning(stage, spool: { spool }) { runs in
                if begun.count < runs.count { begun.append(.now) }
                return runs.count == 7
            }
            let lives = zip(begun.dropFirst(), begun).map { $0 - $1 }
            #expect(lives[5] > lives[3] && lives[5] >= .seconds(4), "pauses grow: \(lives)")
            #expect(try stage.depth(\.parked) == 0)
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
            for build in 2...4 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("nobody waits for it") { try await stage.simulator.state().podsCreated == 3 }
            #expect(killed.last?.child.isRunning == true)
            #expect(try await killed.last?.child.waitForExit() == 128 + SIGKILL, "it has one more try")
            let runs = try await self.keepRunning(stage, spool: { spool }) { _ in
                try await stage.simulator.state().status(1) == "FAILURE" && stage.isSettled()
            }
            #expect(runs.count == 1)
            #expect(try stage.depth(\.parked) == 1)
            #expect(try await runs.last?.terminate() == 0)
        }

        @Test func whereTheDiskDoesNotSurviveNobodyIsConvicted() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            for build in 1...5 {
                try await stage.publish(
                    stage.start(build, image: build == 3 ? "test-hook/kills-reader" : "fate/running:1"))
            }
            let runs = try await self.keepRunning(stage, spool: Self.newSpool) { runs in
                // Those behind it come to be before it, by chance.
                try await stage.simulator.state().podsCreated == 4 && stage.depth(\.initTimers) >= 4 && runs.count > 5
            }
            #expect(try stage.depth(\.parked) == 0)
            let state = try await stage.simulator.state()
            for build in [1, 2, 4, 5] { #expect(state.pods(build).count == 1, "build \(build)") }
            #expect(state.status(3) != "FAILURE")
            runs.last?.child.signal(SIGTERM)
            _ = try await runs.last?.child.waitForExit()
        }

        @Test func oneThatNobodyCanReadIsParkedAllTheSame() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            for build in 1...3 {
                try await stage.publish(
                    stage.start(build, image: build == 1 ? "test-hook/kills-every-reader" : "fate/running:1"))
            }
            let spool = Self.newSpool()
            let runs = try await self.keepRunning(stage, spool: { spool }) { _ in
                guard try await stage.simulator.state().podsCreated == 2, try stage.depth(\.parked) == 1,
                    try stage.isSettled()
                else { return false }
                return try await stage.broker.unacked(prefix: stage.queues.build) == 0
            }
            #expect(runs.count == 5, "three to convict it, one that tells its build")
            try await eventually("the log names it") { try runs.last?.hasLogged("abort the build manually") == true }
            try await runs.last?.terminate()
        }

        @Test func poisonWhoseFailureIsNotTakenStaysParked() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            try await stage.simulator.setListener("api", open: false)
            try await stage.publish(stage.start(1, image: "test-hook/kills-handler"))
            let spool = Self.newSpool()
            let runs = try await self.keepRunning(stage, spool: { spool }) { _ in
                try stage.depth(\.parked) == 1 && stage.depth(\.wait) + stage.depth(\.build) == 1
            }
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
            let spool = Self.newSpool()
            try await stage.publish(stage.start(1, image: "test-hook/kills-handler"))
            let runs = try await self.keepRunning(stage, spool: { spool }) { _ in
                try await stage.simulator.state().status(1) == "FAILURE" && stage.isSettled()
            }
            try await runs.last?.terminate()
            let retry = try await WorkerProcess.run(
                ["parked", "retry", "--all", "--code", "poison"], environment: stage.environment())
            #expect(retry.code == 0, "\(retry.errors)")
            let again = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": spool])
            #expect(try await again.child.waitForExit() == 128 + SIGKILL, "a retry begins with a clean record")
        }

        @Test func twoWorkersDoNotShareASpool() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let spool = [
                "SPOOL_DIRECTORY": Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            ]
            let workers = try [stage.startWorker(["run"], spool), stage.startWorker(["run"], spool)]
            for worker in workers { try await worker.waitUntilConsuming() }
            #expect(
                try workers.count { try $0.hasLogged("no spool (SPOOL_DIRECTORY)") } == 1,
                "one goes on without and says so")
            for worker in workers { try await worker.terminate() }
        }
    }
}
