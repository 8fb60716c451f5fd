import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support
@testable import Workflow

extension Integration {
    /// `worker check` against the real thing, when it is well and when it is not. What is judged how is tested in the unit tests.
    @Suite(.simulatedClusterOnly("queues, files and the status document")) struct CheckTests {
        private typealias Outcome = (code: Int32, output: String, errors: String)

        private func check(_ stage: Stage, _ arguments: [String], _ environment: [String: String] = [:]) async throws
            -> Outcome
        {
            try await WorkerProcess.run(["check"] + arguments, environment: stage.environment(environment))
        }

        private func expect(
            _ outcome: Outcome, _ code: Int32, _ text: String, _ location: SourceLocation = #_sourceLocation
        ) {
            let status = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][Int(code)]
            #expect(outcome.code == code, "\(outcome.output)\(outcome.errors)", sourceLocation: location)
            #expect(
                outcome.output.hasPrefix("\(status) - ") && outcome.output.contains(text), "\(outcome.output)",
                sourceLocation: location)
            #expect(
                outcome.output.count { $0 == "\n" } == 1 && outcome.errors.isEmpty,
                "one line, on stdout: \(outcome.errors)", sourceLocation: location)
        }

        @Test func aWorkerIsWellFrozenAndGone() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            let worker = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": spool])
            try await worker.waitUntilConsuming()
            let port = try await worker.statusPort()
            try await eventually("it is ready") { try await worker.get("/readyz").status == 200 }
            let here = ["STATUS_PORT": String(port), "SPOOL_DIRECTORY": spool]
            self.expect(try await self.check(stage, ["worker"], here), 0, "consumes, 0 in flight | connections=2;;;0")
            // Nobody listens on port 1; the heartbeat file tells that it lives.
            let silent = ["STATUS_PORT": "1", "SPOOL_DIRECTORY": spool]
            try await eventually("it has written that it is ready") {
                guard let data = FileManager.default.contents(atPath: "\(spool)/heartbeat") else { return false }
                return try JSONValue(parsing: String(decoding: data, as: UTF8.self))["ready"] == true
            }
            self.expect(try await self.check(stage, ["worker"], silent), 1, "its heartbeat file of")
            self.expect(try await self.check(stage, ["worker", "--alive"], silent), 0, "is alive")

            worker.child.signal(SIGSTOP)
            self.expect(try await self.check(stage, ["worker", "-t", "2"], here), 2, "timed out")
            // A frozen process still accepts connections, and says nothing: so would a broker that hangs.
            self.expect(
                try await self.check(stage, ["queues", "-t", "1"], ["RABBITMQ_PORT": String(port)]), 2,
                "no answer within 1.0 s")
            worker.child.signal(SIGCONT)
            try await eventually("it is well again") { try await self.check(stage, ["worker"], here).code == 0 }

            try await worker.child.kill9()
            try await eventually("its parent has taken note, and no process is left of it") {
                kill(worker.child.pid, 0) != 0
            }
            self.expect(try await self.check(stage, ["worker"], here), 2, "and of a process that is gone")
        }

        @Test func aWorkerWithoutAClusterIsCritical() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.simulator.setListener("kubernetes", open: false)
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("it has noticed") { try await worker.get("/readyz").status == 503 }
            let told = try await worker.get("/readyz").text
            #expect(told.contains("unavailable; consumption paused: ") && told.contains("/pods"))
            #expect(
                try await worker.probe("/readyz") == (503, String(told.prefix { $0 != ":" })),
                "no word of a build, nor of what was asked for")
            let url = "http://127.0.0.1:\(try await worker.statusPort())"
            let outcome = try await self.check(stage, ["worker", "--url", url])
            self.expect(outcome, 2, "breakers_open=1")
            self.expect(try await self.check(stage, ["worker", "--alive", "--url", url]), 0, "is alive")
            #expect(!outcome.output.contains(Stage.secret) && !outcome.output.contains(stage.clusterToken))
            try await worker.terminate()
            self.expect(try await self.check(stage, ["worker", "--url", url]), 2, "cannot connect")
            self.expect(try await self.check(stage, ["worker", "--alive", "--url", url]), 2, "cannot connect")
        }

        @Test func queuesWithAndWithoutAWorker() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            self.expect(try await self.check(stage, ["queues"]), 2, "no consumers on \(stage.queues.build)")
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let url = "http://127.0.0.1:\(try await worker.statusPort())"
            try await eventually("the broker counts its consumers") {
                try await self.check(stage, ["queues", "--url", url]).code == 0
            }
            for build in 1...11 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("all timers are with the broker") {
                try await worker.status()["timers"]?["expected"] == 11 && stage.depth(\.initTimers) == 11
            }
            self.expect(
                try await self.check(stage, ["queues", "--url", url]), 0,
                "init=11;;;0 parked=0;0;;0 timers_expected=11;;;0")
            try await stage.broker.ctl("purge_queue", stage.queues.initTimers)
            self.expect(
                try await self.check(stage, ["queues", "--url", url]), 1,
                "waits for 11 init timers and only 0 are there")
            try await stage.publish(Array("{".utf8))
            try await eventually("it is parked") { try stage.depth(\.parked) == 1 }
            self.expect(
                try await self.check(stage, ["queues"]), 1, "1 in \(stage.queues.parked): 'worker parked list' says why"
            )
            try await worker.terminate()
            try await stage.publish(stage.start(12, image: "fate/running:1"))
            try await eventually("the broker has let go of the consumers") {
                try await self.check(stage, ["queues"]).code == 2
            }
            self.expect(try await self.check(stage, ["queues", "-w", "0"]), 2, "1 in \(stage.queues.build) (0)")
            self.expect(try await self.check(stage, ["queues"], ["RABBITMQ_PORT": "1"]), 2, "127.0.0.1:1")
        }

        @Test func queuesOfTheOriginalAreDrift() async throws {
            let stage = try await Stage.set(.upstream)
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await eventually("it is consumed, and not as it should be") {
                try await self.check(stage, ["queues"]).code == 1
            }
            self.expect(try await self.check(stage, ["queues"]), 1, "init timers are kept in the worker's memory")
            self.expect(try await self.check(stage, ["queues", "--accept-drift"]), 0, "0 in \(stage.queues.build)")
            try await worker.terminate()
        }

        @Test func aSpoolWithAndWithoutADeadJob() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool"))
            self.expect(
                try await self.check(stage, ["spool"], ["SPOOL_DIRECTORY": spool.path]), 3, "No such file or directory")
            let dead = spool.appendingPathComponent("queues/status/dead")
            try FileManager.default.createDirectory(at: dead, withIntermediateDirectories: true)
            self.expect(
                try await self.check(stage, ["spool"], ["SPOOL_DIRECTORY": spool.path]), 0,
                "0 waiting, 0 in flight, 0 dead")
            try Data().write(to: dead.appendingPathComponent("1800000000000-1-4711-00005f3a.10"))
            self.expect(try await self.check(stage, ["spool"], ["SPOOL_DIRECTORY": spool.path]), 2, "1 dead in status")
        }

        @Test func failuresOfOneCauseAreCounted() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(1))
            defer { stage.clear() }
            let spool = [
                "SPOOL_DIRECTORY": Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            ]
            self.expect(try await self.check(stage, ["reports"], spool), 3, "there is no SPOOL_DIRECTORY")
            let worker = try stage.startWorker(["run"], spool)
            try await worker.waitUntilConsuming()
            self.expect(try await self.check(stage, ["reports"], spool), 0, "no reports since")
            for build in 1...2 { try await stage.publish(stage.start(build, image: "fate/bad-image:1")) }
            try await eventually("both failures are on disk") {
                try await self.check(stage, ["reports"], spool).output.contains("reports=2;")
            }
            self.expect(try await self.check(stage, ["reports"], spool), 0, "top=2;10;50;0")
            self.expect(try await self.check(stage, ["reports", "-w", "1"], spool), 1, "2 reports of ")
            self.expect(
                try await self.check(stage, ["reports", "-w", "1", "-c", "1", "--since", "1h"], spool), 2,
                "2 reports of ")
            try await worker.terminate()
        }

        /// Else a watch that was set up wrongly would look well.
        @Test(arguments: [
            ["check"], ["check", "worker", "-w", "ten"], ["check", "queues", "--nonsense"], ["check", "everything"],
            ["check", "spool", "-t", "0"],
        ])
        func wrongUsageIsUnknown(arguments: [String]) async throws {
            self.expect(try await WorkerProcess.run(arguments, environment: [:]), 3, "wrong usage")
        }

        @Test func wrongConfigurationIsUnknown() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let outcome = try await self.check(
                stage, ["queues"], ["RABBITMQ_PREFETCH_COUNT": "0", "RABBITMQ_PASSWORD": "made-up-secret"])
            self.expect(outcome, 3, "RABBITMQ_PREFETCH_COUNT")
            #expect(!outcome.output.contains("made-up-secret"))
        }
    }
}
