import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Spool
@testable import Support

extension Integration {
    /// Jobs that may wait: late notes, build events, the operator's command. Builds never depend on them.
    @Suite(.simulatedClusterOnly("files, the events exchange and the build API")) struct SpoolTests {
        private let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path

        private func entries(_ kind: JobKind, _ box: JobBox) throws -> [SpoolView.Entry] {
            var selection = SpoolView.Selection()
            (selection.kinds, selection.boxes) = ([kind], [box])
            return try SpoolView(spool: self.spool).entries(selection)
        }

        /// A queue that gets all events.
        private func bind(_ queue: String, to exchange: String, _ stage: Stage) throws {
            let socket = try AMQPSocket.open(
                AMQPEndpoint(stage.broker.options(stage.queues), connectionName: "test events"), host: "127.0.0.1")
            defer { socket.close() }
            try socket.openChannelAndWait(1)
            try socket.declareExchange(exchange, kind: "topic", isPassive: false, on: 1)
            _ = try socket.declareQueue(queue, arguments: [:], isPassive: false, on: 1)
            try socket.bindQueue(queue, to: exchange, key: "#", on: 1)
        }

        @Test func buildEventsArrive() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let events = Surroundings.newName("events")
            try self.bind(events, to: events, stage)
            let worker = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": self.spool, "EVENTS_EXCHANGE": events])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await stage.publish(stage.start(2, image: "fate/invalid:1"))
            try await stage.publish(Array("{not json".utf8))
            try await eventually("six events are there") { try stage.broker.depth(events) == 6 }
            try await worker.terminate()
            let all = try await stage.take(6, from: events).map {
                ($0.properties.type ?? "", try JSONValue(parsing: $0.body))
            }
            #expect(
                all.map(\.0).sorted() == [
                    "build.failed", "build.pod-created", "message.parked", "report.build-failed", "report.parked",
                    "worker.started",
                ])
            #expect(
                all.allSatisfy {
                    $0.1["event"]?.string == $0.0 && $0.1["worker"] != nil && $0.1["version"]?.string == Product.version
                })
            #expect(all.first { $0.0 == "build.pod-created" }?.1["buildId"]?.integer == 1)
            #expect(all.first { $0.0 == "build.failed" }?.1["buildId"]?.integer == 2)
            #expect(all.first { $0.0 == "build.pod-created" }?.1["podName"]?.string?.hasPrefix("1-") == true)
            let reportID = all.first { $0.0 == "report.build-failed" }?.1["id"]?.string
            #expect(reportID != nil && all.first { $0.0 == "build.failed" }?.1["reportId"]?.string == reportID)
            #expect(!all.contains { $0.1.text().contains(Stage.secret) })
            // What was told last waits for the next worker.
            #expect(try self.entries(.publish, .new).count <= 1)
        }

        /// 404 closes the channel it is found out on: that of the events, not that of the builds.
        @Test func aMissingExchangeHoldsUpEventsOnly() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let events = Surroundings.newName("events")
            let more = ["SPOOL_DIRECTORY": self.spool, "EVENTS_EXCHANGE": events, "SPOOL_RETRY_INTERVAL": "1"]
            let worker = try stage.startWorker(["run"], more)
            try await worker.waitUntilConsuming()
            try await eventually("an event failed") { try worker.hasLogged(event: "spool_job_retried") }
            for build in 1...20 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("all builds are started") { try stage.depth(\.initTimers) == 20 && stage.isSettled() }
            #expect(
                try !worker.log().contains {
                    $0["connection"]?.string == "publish" && $0["message"]?.string?.contains("not connected") == true
                })
            try self.bind(events, to: events, stage)
            try await eventually("the events arrive after all") { try stage.broker.depth(events) == 21 }
            try await worker.terminate()
        }

        @Test func aNoteThatWasLostIsToldLater() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(
                ["run"], ["SPOOL_DIRECTORY": self.spool, "SPOOL_RETRY_INTERVAL": "1", "REQUEST_MAXATTEMPTS": "1"])
            try await worker.waitUntilConsuming()
            try await stage.simulator.fault(["listener": "api", "method": "PUT", "action": ["status": 503]])
            try await stage.publish(stage.start(1, image: "fate/stuck-pending:1"))
            try await eventually("the build does not wait for its note") {
                try stage.depth(\.initTimers) == 1 && stage.isSettled()
            }
            try await eventually("the note is kept and tried") { try worker.hasLogged(event: "spool_job_retried") }
            // It goes to and fro between the two boxes.
            try await eventually("the note is seen, without a secret") {
                guard let kept = try self.entries(.status, .new).first ?? self.entries(.status, .cur).first else {
                    return false
                }
                let text = kept.document().text()
                #expect(!text.contains(Stage.secret))
                return text.contains("\"buildId\"")
            }
            #expect(try await stage.simulator.state().updates(1).isEmpty)
            try await stage.simulator.clearFaults()
            try await eventually("the note is told") { try await stage.simulator.state().updates(1).count == 1 }
            try await eventually("the job is done") {
                try self.entries(.status, .new).isEmpty && self.entries(.status, .cur).isEmpty
            }
            try await worker.terminate()
        }

        /// A command that kills the worker dies in the end, after its attempts; then `worker spool` brings it back.
        @Test func aCommandThatKillsItsRunnerDies() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let told = "\(self.spool).told"
            let mended = "\(self.spool).mended"
            let script = "cat >> \(told); echo; [ -e \(mended) ] || kill -9 $PPID"
            let more = [
                "SPOOL_DIRECTORY": self.spool, "SPOOL_ATTEMPTS": "2", "SPOOL_RETRY_INTERVAL": "1",
                "HOOK_COMMAND": JSONValue.array(["/bin/sh", "-c", .string(script)]).text(),
                "HOOK_EVENTS": ##"["*.pod-created"]"##,
            ]
            var runs = [try stage.startWorker(["run"], more)]
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the job is dead") {
                if let last = runs.last, !last.child.isRunning {
                    #expect(try await last.child.waitForExit() == 128 + SIGKILL)
                    runs.append(try stage.startWorker(["run"], more))
                }
                return try FileManager.default.fileExists(atPath: told) && self.entries(.command, .dead).count == 1
            }
            #expect(runs.count == 3, "two runs, two workers killed")
            #expect(
                try String(contentsOfFile: told, encoding: .utf8).components(separatedBy: "build.pod-created").count - 1
                    == 2)
            try await runs.last?.waitUntilConsuming()
            #expect(try await stage.simulator.state().podsCreated == 1)

            // An operator looks, mends, and tries again.
            let environment = stage.environment(["SPOOL_DIRECTORY": self.spool])
            let list = try await WorkerProcess.run(["spool", "list"], environment: environment)
            #expect(
                list.code == 0 && list.output.contains("command  dead")
                    && list.output.contains("the worker ended while it ran"))
            let id = try #require(list.output.split(separator: " ").first.map(String.init))
            let show = try await WorkerProcess.run(["spool", "show", id], environment: environment)
            #expect(show.output.contains("\"buildId\": 1"))
            let dry = try await WorkerProcess.run(
                ["spool", "retry", "--kind", "command", "--dry-run"], environment: environment)
            #expect(dry.output.hasPrefix("would be retried"))
            try Data().write(to: URL(fileURLWithPath: mended))
            let retry = try await WorkerProcess.run(["spool", "retry", id], environment: environment)
            #expect(retry.code == 0 && retry.output.hasPrefix("retried \(id)"))
            try await eventually("the running worker found it, and it is done") {
                try self.entries(.command, .dead).isEmpty && self.entries(.command, .new).isEmpty
                    && self.entries(.command, .cur).isEmpty
            }
            let empty = try await WorkerProcess.run(["spool", "list"], environment: environment)
            #expect(empty.output == "nothing is in the spool\n")
            let unknown = try await WorkerProcess.run(
                ["spool", "drop", "--reason", "test", "1-2-0000000a"], environment: environment)
            #expect(unknown.code == 1 && unknown.errors.contains("nothing to do for 1-2-0000000a"))
            try await runs.last?.terminate()
        }
    }
}
