import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// What the worker tells of itself is true.
    @Suite struct SupervisionTests {
        @Test func theStatusKnowsWhatIsInFlightAndWhatWaits() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["JANITOR_INTERVAL": "1", "CIRCUIT_TIMEOUT": "600000"])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("its timer runs, and nothing is in flight") {
                let status = try await worker.status()
                return status["waiting"]?.array?.count == 1 && status["unacked"] == 0
            }
            let hold = try await stage.simulator.hold("POST", times: 1)
            try await stage.publish(stage.start(2, image: "<script>alert(1)</script>"))
            try await eventually("the second is in flight") {
                try await worker.status()["inFlight"]?.array?.first?["step"] == "create the pod"
            }
            let status = try await worker.status()
            #expect(status["ready"] == true)
            #expect(status["live"] == true)
            #expect(status["problems"] == [])
            #expect(status[path: "waiting"]?.array?.first?["buildId"] == 1)
            #expect(status[path: "waiting"]?.array?.first?["why"] == "init-timer")
            #expect((status[path: "waiting"]?.array?.first?["dueInSeconds"]?.double ?? 0) > 250)
            #expect(status["inFlight"]?.array?.first?["buildId"] == 2)
            #expect(status["inFlight"]?.array?.first?["step"] == "create the pod")
            #expect(status["unacked"] == 1)
            #expect(status[path: "timers", "expected"] == 1)
            #expect(status[path: "totals", "podsCreated"] == 1)
            #expect(status["connections"]?.array?.map { $0["connected"] } == [true, true])
            #expect(!"\(status)".contains(Stage.secret), "no secret leaves")
            try await eventually("the janitor has looked") {
                try await worker.status()["queues"]?.array?.first { $0["role"] == "init" }?["ready"] == 1
            }
            let queue = try await worker.status()["queues"]?.array?.first { $0["role"] == "build" }
            #expect(queue?["consumers"] == 1)
            #expect(queue?["consuming"] == true)
            try await stage.simulator.removeFault(hold)
            try await worker.terminate()
        }

        @Test func theFiguresAreRightAndPromtoolLikesThem() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(1))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["RABBITMQ_MSG_REPROCESS_LIMIT": "1"])
            try await worker.waitUntilConsuming()
            for build in 1...3 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await stage.publish(stage.start(4, image: "fate/bad-image:1"))
            try await stage.publish(stage.start(5, image: "fate/refuse-1:1"))
            try await stage.publish(Array("{".utf8))
            try await eventually("all is over") {
                let state = try await stage.simulator.state()
                return try (1...3).allSatisfy { state.hostname($0) != nil } && state.hostname(5) != nil
                    && state.status(4) == "FAILURE" && stage.isSettled()
                    && stage.depth(\.initTimers) == 0 && stage.depth(\.parked) == 1
            }
            try await eventually("the last is counted") {
                let metrics = try await worker.metrics()
                return metrics["build_worker_settlements_total{type=\"verify\",settlement=\"ack\"}"] == 5
                    && metrics["build_worker_settlements_total{type=\"start\",settlement=\"ack\"}"] == 5
                    && metrics["build_worker_parked_total{reason=\"unreadable\"}"] == 1
            }
            let metrics = try await worker.metrics()
            #expect(metrics["build_worker_pods_created_total"] == 5)
            #expect(metrics["build_worker_deliveries_total{type=\"start\"}"] == 6)
            #expect(metrics["build_worker_deliveries_total{type=\"unread\"}"] == 1)
            #expect(metrics["build_worker_settlements_total{type=\"start\",settlement=\"nack\"}"] == 1)
            #expect(metrics["build_worker_attempts_total{type=\"start\"}"] == 1)
            #expect(metrics["build_worker_parked_total{reason=\"unreadable\"}"] == 1)
            #expect(metrics["build_worker_failures_total{reason=\"image\"}"] == 1)
            #expect(metrics["build_worker_timers_armed_total"] == metrics["build_worker_timers_fired_total"])
            #expect(metrics["build_worker_delivery_to_pod_seconds_count"] == 5)
            #expect(metrics["build_worker_scheduled_to_running_seconds_count"] == 4)
            // Five pods, and the dry run that tells one build's fault from an outage.
            #expect(
                metrics[
                    "build_worker_request_duration_seconds_count{service=\"kubernetes\",verb=\"POST\",code=\"201\"}"]
                    == 6)
            #expect((metrics["build_worker_confirm_duration_seconds_count"] ?? 0) >= 5)
            #expect(metrics["build_worker_connections{role=\"consume\"}"] == 1)
            #expect(metrics["build_worker_ready"] == 1)
            #expect((metrics["process_resident_memory_bytes"] ?? 0) > 1_000_000)
            let known = Set(Metric.all.map(\.name))
            for sample in metrics.keys {
                let name = String(sample.prefix { $0 != "{" }).replacing(/_(bucket|sum|count)$/, with: "")
                #expect(known.contains(name), "\(sample) is not in the catalogue")
            }
            // Prometheus's own judgement.
            let text = try await worker.get("/metrics").text
            let promtool = try ChildProcess(
                URL(fileURLWithPath: "/usr/bin/promtool"), ["check", "metrics"], input: Data(text.utf8))
            #expect(try await promtool.waitForExit() == 0, "\(promtool.output)\(promtool.errors)")
            #expect("\(promtool.output)\(promtool.errors)" == "")
            try await worker.terminate()
        }

        @Test func aWorkerKeptFromItsWorkIsAliveAndNotReady() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            // Two heartbeats of a second are less than what connecting may take, which is 30 s: a frozen worker has to wait for that.
            let worker = try stage.startWorker(["run"], ["SPOOL_DIRECTORY": spool])
            try await worker.waitUntilConsuming()
            #expect(try await worker.get("/livez").status == 200)
            try await eventually("it is ready") { try await worker.get("/readyz").status == 200 }
            try await eventually("the heartbeat file says so too") {
                guard let data = FileManager.default.contents(atPath: "\(spool)/heartbeat") else { return false }
                let beat = try JSONValue(parsing: String(decoding: data, as: UTF8.self))
                return beat["live"] == true && beat["ready"] == true
            }
            #expect(!FileManager.default.fileExists(atPath: "\(spool)/starting"), "it has started")
            try await stage.simulator.setListener("kubernetes", open: false)
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("it is not ready") { try await worker.get("/readyz").status == 503 }
            #expect(try await worker.get("/livez").status == 200, "what others keep it from is no lack of life")
            try await eventually("it is counted") {
                try await worker.metrics()["build_worker_breaker_opened_total{service=\"kubernetes\"}"] == 1
            }
            #expect(try await worker.metrics()["build_worker_breaker_open{service=\"kubernetes\"}"] == 1)
            try await worker.terminate()
        }

        @Test func systemdAndTheStartMarkerHearOfTheStart() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let socket = try NotifySocket()
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            let environment = ["SPOOL_DIRECTORY": spool, "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "400000"]
            // A broker that is not there: it dies while it starts.
            let first = try stage.startWorker(["run"], environment.merging(["RABBITMQ_PORT": "1"]) { $1 })
            try await eventually("it runs") { FileManager.default.fileExists(atPath: "\(spool)/starting") }
            try await first.child.kill9()
            let second = try stage.startWorker(["run"], environment)
            try await second.waitUntilConsuming()
            #expect(try second.hasLogged("an earlier worker died before it took a message"))
            try await eventually("systemd is told") { socket.received().contains { $0.hasPrefix("READY=1") } }
            try await eventually("again and again") { socket.received().count { $0 == "WATCHDOG=1" } >= 3 }
            try await second.terminate()
            #expect(socket.received().contains("STOPPING=1"))
            #expect(!FileManager.default.fileExists(atPath: "\(spool)/starting"), "an orderly end is no death")
        }

        @Test func statsdIsTold() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let server = try UDPServer()
            let worker = try stage.startWorker(
                ["run"], ["STATSD_HOST": "127.0.0.1", "STATSD_PORT": String(server.port), "STATSD_PREFIX": "ci"])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("statsd knows the pod") {
                server.received().contains { $0.split(separator: "\n").contains("ci.pods_created:1|c") }
            }
            #expect(server.received().allSatisfy { $0.utf8.count <= 512 })
            try await worker.terminate()
        }

        @Test func aStopDoesNotWaitForOtherBuildsStarts() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["CONCURRENCY_START": "1", "CIRCUIT_TIMEOUT": "600000"])
            try await worker.waitUntilConsuming()
            let hold = try await stage.simulator.hold("POST", times: 1)
            for build in 1...3 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("one start is in flight, the others wait") {
                let inFlight = try await worker.status()["inFlight"]?.array ?? []
                return inFlight.count == 3 && inFlight.count { $0["step"] == "wait for its turn" } == 2
            }
            try await stage.publish(stage.stop(9))
            try await eventually("the stop is done") { try worker.hasLogged("jobType: stop, buildId: 9, result: true") }
            #expect(try await stage.simulator.state().podsCreated == 1, "before the starts")
            try await stage.simulator.removeFault(hold)
            try await eventually("the starts are done as well") {
                try await stage.simulator.state().podsCreated == 3 && stage.isSettled()
            }
            try await worker.terminate()
        }

        @Test func podsOfNoMoreUseAreDeletedWhereAskedFor() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            // A twentieth of a minute: 3 s.
            let worker = try stage.startWorker(["run"], Stage.looking(["POD_TTL": "0.05", "JANITOR_INTERVAL": "0.5"]))
            try await worker.waitUntilConsuming()
            for build in 1...3 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            // A build that ends before the worker's own note loses its pod at once, by the rules for starts.
            try await eventually("the builds have begun") {
                let state = try await stage.simulator.state()
                return try (1...3).allSatisfy { state.hostname($0) != nil } && stage.isSettled()
            }
            // One whose pod has finished, and one whose pod nobody stopped.
            let pod = try #require(try await stage.simulator.state().alivePods(1).first?["name"]?.string)
            try await stage.simulator.setFate(of: pod, "succeeded")
            try await stage.simulator.setBuild(3, status: "SUCCESS")
            try await eventually("the finished pod and that of the ended build are gone") {
                let state = try await stage.simulator.state()
                return state.alivePods(1).isEmpty && state.alivePods(3).isEmpty
            }
            #expect(try await stage.simulator.state().alivePods(2).count == 1, "a running build keeps its pod")
            try await eventually("both are counted") {
                let metrics = try await worker.metrics()
                return metrics["build_worker_janitor_removed_total{what=\"finished-pods\"}"] == 1
                    && metrics["build_worker_janitor_removed_total{what=\"pods-of-ended-builds\"}"] == 1
            }
            try await worker.terminate()
        }
    }
}
