import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// The worker fails, or is told to end; no build is lost, doubled or left hanging.
    @Suite struct WorkerFaultTests {
        /// A worker that waits for answers for as long as a test holds them.
        private static let patient = ["CIRCUIT_TIMEOUT": "600000"]

        @Test(arguments: [Stage.Layout.quorum, .classic])
        func killedBetweenCreateAndAck(layout: Stage.Layout) async throws {
            let stage = try await Stage.set(layout)
            defer { stage.clear() }
            let first = try stage.startWorker(["run"], Self.patient)
            try await first.waitUntilConsuming()
            let hold = try await stage.simulator.hold("POST", times: 20)
            for build in 1...20 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("twenty pods are made and not settled") {
                try await stage.simulator.state().podsCreated == 20
            }
            try await first.child.kill9()
            try await stage.simulator.removeFault(hold)
            let second = try stage.startWorker()
            try await eventually("every build is verified by its timer") {
                let state = try await stage.simulator.state()
                return (1...20).allSatisfy { state.updates($0).count { $0["stats"] != nil } >= 2 }
            }
            try await eventually("nothing is left") { try stage.isSettled() && stage.depth(\.initTimers) == 0 }
            #expect(try await stage.simulator.state().podsCreated == 20)
            #expect(try second.hasLogged(event: "pod_adopted"))
            try await second.terminate()
        }

        @Test func killedBeforeTheTimerFires() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let first = try stage.startWorker()
            try await first.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/stuck-pending:1"))
            try await eventually("the timer is the broker's") {
                try first.hasLogged("acknowledge, job completed for jobId: 1000001, jobType: start")
            }
            try await first.child.kill9()
            let second = try stage.startWorker()
            try await eventually("another worker verifies it to the end") {
                try await stage.simulator.state().status(1) == "FAILURE"
            }
            try await second.terminate()
        }

        @Test func toldToEndWithTwentyInFlight() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["DRAIN_TIMEOUT": "600"].merging(Self.patient) { $1 })
            try await worker.waitUntilConsuming()
            let hold = try await stage.simulator.hold("POST", times: 20)
            for build in 1...30 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("twenty are in flight") { try await stage.simulator.state().podsCreated == 20 }
            worker.child.signal(SIGTERM)
            try await eventually("it takes no more") {
                try worker.hasLogged("no more deliveries from queue \(stage.queues.build)")
            }
            try await stage.simulator.removeFault(hold)
            #expect(try await worker.child.waitForExit() == 0)
            #expect(try stage.depth(\.initTimers) == 20, "what was in flight is finished")
            #expect(try stage.depth(\.build) == 10, "what was not taken stays")
            #expect(try await stage.simulator.state().podsCreated == 20)
            try await eventually("nobody holds any") { try await stage.broker.unacked(prefix: stage.queues.build) == 0 }
            try LogCheck.holds(worker)
        }

        @Test func aDrainThatTakesTooLongGivesTheRestBack() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["DRAIN_TIMEOUT": "1"].merging(Self.patient) { $1 })
            try await worker.waitUntilConsuming()
            _ = try await stage.simulator.hold("POST", times: 3)
            for build in 1...3 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("three are in flight") { try await stage.simulator.state().podsCreated == 3 }
            try await worker.terminate()
            try await eventually("they are back") { try stage.depth(\.build) == 3 }
            // The broker's own count follows a moment later.
            try await eventually("nobody holds them") {
                try await stage.broker.unacked(prefix: stage.queues.build) == 0
            }
        }

        @Test func endsByItselfAfterAFaultOfItsOwn() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            try await stage.publish(stage.start(1, image: "fate/forbidden:1"))
            let worker = try stage.startWorker(["run", "--exit-when-idle"], ["RABBITMQ_MSG_REPROCESS_LIMIT": "0"])
            #expect(try await worker.child.waitForExit() == 0)
            #expect(try await stage.simulator.state().status(1) == "FAILURE")
        }

        @Test func twoWorkersShareTheQueues() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let workers = try [stage.startWorker(), stage.startWorker()]
            for worker in workers { try await worker.waitUntilConsuming() }
            // Every build is told twice, as a publisher that lost its confirm does.
            for build in 1...50 {
                for _ in 1...2 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            }
            try await eventually("all are settled and verified") {
                let state = try await stage.simulator.state()
                return try (1...50).allSatisfy { state.hostname($0) != nil } && stage.isSettled()
                    && stage.depth(\.initTimers) == 0
            }
            let state = try await stage.simulator.state()
            for build in 1...50 { #expect(state.pods(build).count == 1, "build \(build)") }
            for worker in workers { try await worker.terminate() }
        }

        @Test(.simulatedClusterOnly("what is tried is the worker, and etcd takes its time")) func aThousandBuilds()
            async throws
        {
            let stage = try await Stage.set(initTimeout: .seconds(3600))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["LOG_LEVEL": "info"])
            try await worker.waitUntilConsuming()
            try await withThrowingTaskGroup { group in
                for lane in 0..<10 {
                    group.addTask {
                        for build in 1...100 {
                            try await stage.publish(stage.start(lane * 100 + build, image: "fate/running:1"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await eventually("a thousand timers", within: .seconds(300)) {
                try stage.depth(\.initTimers) == 1000 && stage.isSettled()
            }
            try await eventually("0 unacked") { try await stage.broker.unacked(prefix: stage.queues.build) == 0 }
            let counts = try await stage.simulator.counts()
            #expect(counts["podsCreated"]?.integer == 1000)
            #expect(counts["podsAlive"]?.integer == 1000)
            try await worker.terminate()
            try LogCheck.holds(worker)
        }

        @Test func endsByItselfWhenNothingIsLeft() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            for build in 1...5 {
                try await stage.publish(stage.start(build, image: build == 5 ? "fate/refuse-1:1" : "fate/running:1"))
            }
            let worker = try stage.startWorker(["run", "--exit-when-idle"])
            #expect(try await worker.child.waitForExit() == 0)
            #expect(try await stage.simulator.state().podsCreated == 5)
            #expect(try stage.isSettled() && stage.depth(\.initTimers) == 0)
        }

        @Test func timersOfABrokerWithoutAnInitQueueAreHandedOverAtTheEnd() async throws {
            let stage = try await Stage.set(.upstream, initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/stuck-pending:1"))
            try await eventually("the worker keeps the timer") {
                try await worker.status()[path: "timers", "local"]?.integer == 1
            }
            #expect(try await worker.terminate() == 0)
            #expect(try stage.depth(\.retry) == 1)
        }

        @Test func timersOfABrokerWithoutAnInitQueueSurviveTheWorker() async throws {
            let stage = try await Stage.set(.upstream, initTimeout: .seconds(10))
            defer { stage.clear() }
            let spool = [
                "SPOOL_DIRECTORY": Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            ]
            let first = try stage.startWorker(["run"], spool)
            try await first.waitUntilConsuming()
            for build in 1...5 {
                try await stage.publish(stage.start(build, image: build == 5 ? "fate/bad-image:1" : "fate/slow-2:1"))
            }
            try await eventually("the worker keeps the timers") {
                try await first.status()[path: "timers", "local"]?.integer ?? 0 >= 4 && stage.isSettled()
            }
            try await first.child.kill9()
            let second = try stage.startWorker(["run"], spool)
            try await eventually("the timers are armed again") {
                try second.hasLogged("init timers of an earlier run are armed again")
            }
            try await eventually("all are verified") {
                let state = try await stage.simulator.state()
                return (1...4).allSatisfy { state.hostname($0) != nil } && state.status(5) == "FAILURE"
            }
            try await second.terminate()
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(spool["SPOOL_DIRECTORY"] ?? "")/timers")
            #expect(files.isEmpty, "timers that fired stay on disk: \(files)")
        }

        @Test(arguments: [SIGTERM, SIGINT]) func aSignalWhileItStartsIsHeeded(signal: Int32) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool"))
            // So that starting takes a while.
            let timers = spool.appendingPathComponent("timers")
            try FileManager.default.createDirectory(at: timers, withIntermediateDirectories: true)
            for number in 1...3000 { try Data("x".utf8).write(to: timers.appendingPathComponent("\(number).json")) }
            let worker = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": spool.path])
            try await eventually("it begins to start") { !worker.child.output.isEmpty }
            worker.child.signal(signal)
            #expect(try await worker.child.waitForExit() == 0)
            #expect(try worker.hasLogged("drained"))
            #expect(
                !FileManager.default.fileExists(atPath: spool.appendingPathComponent("running").path),
                "it ended in order")
        }

        @Test func aSecondSignalGivesEverythingBackAtOnce() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["DRAIN_TIMEOUT": "600"].merging(Self.patient) { $1 })
            try await worker.waitUntilConsuming()
            _ = try await stage.simulator.hold("POST", times: 3)
            for build in 1...3 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("three are in flight") { try await stage.simulator.state().podsCreated == 3 }
            worker.child.signal(SIGTERM)
            try await eventually("it drains") { try worker.hasLogged("draining") }
            worker.child.signal(SIGTERM)
            // Within less than the drain would take, and what is in flight is not finished.
            #expect(try await worker.child.waitForExit() == 0)
            try await eventually("they are back") { try stage.depth(\.build) == 3 }
            #expect(try worker.hasLogged("stopping at once"))
        }

        @Test func idleMeansThatNobodyElseHasAnythingInFlight() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let busy = try stage.startWorker(["run", "--exit-when-idle"], Self.patient)
            try await busy.waitUntilConsuming()
            let hold = try await stage.simulator.hold("POST", times: 1)
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("one has it in flight") { try await stage.simulator.state().podsCreated == 1 }
            let idle = try stage.startWorker(["run", "--exit-when-idle"])
            try await idle.waitUntilConsuming()
            try await eventually("the other takes no more") {
                try idle.hasLogged("no more deliveries from queue \(stage.queues.build)")
            }
            #expect(idle.child.isRunning, "it waits for what the other has in flight")
            try await stage.simulator.removeFault(hold)
            #expect(try await idle.child.waitForExit() == 0)
            #expect(try await busy.child.waitForExit() == 0)
            #expect(try stage.isSettled() && stage.depth(\.initTimers) == 0)
            #expect(try await stage.simulator.state().hostname(1) != nil)
        }

        @Test func theWorkersOwnFaultMakesItNotReady() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/forbidden:1"))
            try await eventually("the worker is not ready and says why") {
                let health = try await worker.health()
                return health.status == 503 && health.text.contains("cannot create resource")
            }
            try await worker.terminate()
        }

        @Test func aRejectedTokenCostsTimeNotTheBuild() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            try await stage.simulator.fault(["listener": "kubernetes", "times": 2, "action": ["status": 401]])
            let worker = try stage.startWorker()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the pod is made") { try await stage.simulator.state().podsCreated == 1 }
            try await eventually("and the worker is ready again") { try await worker.health().status == 200 }
            try await worker.terminate()
        }
    }
}
