import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

extension Integration {
    /// Builds in two clusters, through one pair of queues.
    @Suite struct ExecutorTests {
        private static let sandboxToken = "made-up-sandbox-token-90ee"

        /// A stage, the sandbox's cluster beside it, and the file that says where that is.
        private struct Both {
            let stage: Stage
            let sandbox: Simulator
            let file: String

            static func set() async throws -> Both {
                let stage = try await Stage.set()
                let sandbox = try await Simulator.start("--token", ExecutorTests.sandboxToken)
                let file = Surroundings.directory.appendingPathComponent(Surroundings.newName("sandbox"))
                let text = """
                    executor:
                      k8s-sandbox:
                        options:
                          kubernetes: { host: "\(sandbox.kubernetes)", token: \(ExecutorTests.sandboxToken), jobsNamespace: apart, nodeSelectors: { pool: sandbox } }
                    """
                try Data(text.utf8).write(to: file)
                return Both(stage: stage, sandbox: sandbox, file: file.path)
            }

            func clear() {
                self.stage.clear()
                self.sandbox.stop()
            }

            func startWorker(_ environment: [String: String] = [:]) async throws -> WorkerProcess {
                let worker = try self.stage.startWorker(["run", "--config", self.file], environment)
                try await worker.waitUntilConsuming()
                return worker
            }

            func start(_ build: Int, in executor: String? = nil, image: String = "fate/running:1") -> JSONValue {
                var message = self.stage.start(build, image: image)
                if let executor, var config = message["buildConfig"] {
                    config["annotations"] = ["screwdriver.cd/executor": .string(executor)]
                    message["buildConfig"] = config
                }
                return message
            }

            /// How many pods the build ever had, here and there.
            func pods(_ build: Int) async throws -> (k8s: Int, sandbox: Int) {
                (
                    try await self.stage.simulator.state().pods(build).count,
                    try await self.sandbox.state().pods(build).count
                )
            }

            func isEmpty() throws -> Bool { try self.stage.isSettled() && self.stage.depth(\.initTimers) == 0 }
        }

        @Test func anAnnotationChoosesTheClusterAndAStopFindsIt() async throws {
            let both = try await Both.set()
            defer { both.clear() }
            let worker = try await both.startWorker()
            for (build, executor) in [(1, nil), (2, "k8s-sandbox"), (3, "jenkins"), (4, "k8s-sandbox")]
                as [(Int, String?)]
            {
                try await both.stage.publish(
                    both.start(build, in: executor, image: build == 4 ? "fate/bad-image:1" : "fate/running:1"))
            }
            try await eventually("they run where they should") {
                let (here, there) = (try await both.stage.simulator.state(), try await both.sandbox.state())
                return here.hostname(1) != nil && here.hostname(2) != nil && here.hostname(3) != nil
                    && !there.alivePods(2).isEmpty
            }
            try await eventually("a bad image is found there, too") {
                try await both.stage.simulator.state().message(4).contains("check if your image is valid")
            }
            try await eventually("timers have fired and nothing is left") { try both.isEmpty() }
            #expect(try await both.pods(1) == (1, 0))
            #expect(try await both.pods(2) == (0, 1))
            #expect(try await both.pods(3) == (1, 0))
            #expect(try worker.hasLogged(event: "executor_unknown"))
            #expect(
                try await both.sandbox.requests().allSatisfy {
                    $0["path"]?.string?.contains("/namespaces/apart/pods") ?? false
                })

            for build in [1, 2] { try await both.stage.publish(both.stage.stop(build)) }
            try await eventually("the stops find both") {
                let (here, there) = (try await both.stage.simulator.state(), try await both.sandbox.state())
                return here.alivePods(1).isEmpty && there.alivePods(2).isEmpty
            }
            let state = try await both.stage.simulator.state()
            #expect((1...3).allSatisfy { state.status($0) != "FAILURE" })
            #expect(!worker.child.output.contains(Self.sandboxToken))
            #expect(
                try await worker.status()["breakers"]?.array?.map { $0["service"]?.string } == [
                    "kubernetes", "kubernetes_sandbox", "build_api",
                ])
            try await worker.terminate()
        }

        /// Each start comes twice, once to each of two workers perhaps.
        @Test func copiesOfAStartGoToOneCluster() async throws {
            let both = try await Both.set()
            defer { both.clear() }
            let weights = ["WEIGHT_K8S": "1", "WEIGHT_K8S_SANDBOX": "1"]
            let workers = [try await both.startWorker(weights), try await both.startWorker(weights)]
            for build in 1...20 { for _ in 1...2 { try await both.stage.publish(both.start(build)) } }
            try await eventually("all are started and verified", within: .seconds(60)) {
                let state = try await both.stage.simulator.state()
                return try (1...20).allSatisfy { state.hostname($0) != nil } && both.isEmpty()
            }
            let (here, there) = (try await both.stage.simulator.state(), try await both.sandbox.state())
            for build in 1...20 { #expect(here.pods(build).count + there.pods(build).count == 1, "build \(build)") }
            #expect(here.podsCreated > 0 && there.podsCreated > 0)
            for worker in workers { try await worker.terminate() }
        }

        /// Weights were changed while a start was on its way round: its pod is where the old weights led.
        @Test func aPodOfOtherWeightsIsAdopted() async throws {
            let both = try await Both.set()
            defer { both.clear() }
            let first = try await both.startWorker(["WEIGHT_K8S": "1"])
            try await both.stage.publish(both.start(1))
            try await eventually("the timer is armed") { try both.stage.depth(\.initTimers) == 1 }
            try await first.terminate()
            let second = try await both.startWorker(["WEIGHT_K8S_SANDBOX": "1"])
            try await both.stage.publish(both.start(1), headers: [Header.earlierAttempts: .int64(0)])
            try await eventually("it is adopted") { try second.hasLogged(event: "pod_adopted") }
            try await eventually("both timers have fired, and their pod was found") { try both.isEmpty() }
            #expect(try await both.pods(1) == (1, 0))
            #expect(try await both.stage.simulator.state().status(1) != "FAILURE")
            try await second.terminate()
        }

        @Test func anOutageOfTheSandboxFailsNoBuild() async throws {
            let both = try await Both.set()
            defer { both.clear() }
            let worker = try await both.startWorker(["RABBITMQ_MSG_REPROCESS_LIMIT": "1"])
            try await both.sandbox.setListener("kubernetes", open: false)
            for build in 1...10 {
                try await both.stage.publish(both.start(build, in: build % 2 == 0 ? "k8s-sandbox" : nil))
            }
            try await eventually("health says who is away") {
                try await worker.health().text.contains(
                    "the Kubernetes API of k8s-sandbox unavailable; consumption paused")
            }
            #expect(try await worker.metrics()["build_worker_breaker_open{service=\"kubernetes_sandbox\"}"] == 1)
            #expect(try await worker.metrics()["build_worker_breaker_open{service=\"kubernetes\"}"] == 0)
            try await eventually("probes go on") { try worker.hasLogged(event: "outage_continues") }
            try await both.sandbox.setListener("kubernetes", open: true)
            try await eventually("all are started and verified", within: .seconds(90)) {
                let state = try await both.stage.simulator.state()
                return try (1...10).allSatisfy { state.hostname($0) != nil } && both.isEmpty()
            }
            let state = try await both.stage.simulator.state()
            #expect((1...10).allSatisfy { state.status($0) != "FAILURE" })
            for build in 1...10 {
                #expect(try await both.pods(build) == (build % 2 == 0 ? (0, 1) : (1, 0)), "build \(build)")
            }
            try await worker.terminate()
        }

        /// A token that is not taken, of one cluster, while the other is well.
        @Test func theSandboxsOwnFaultIsNamed() async throws {
            let both = try await Both.set()
            defer { both.clear() }
            let worker = try await both.startWorker()
            try await both.sandbox.fault([
                "listener": "kubernetes", "method": "POST",
                "action": [
                    "status": 403, "body": ["kind": "Status", "reason": "Forbidden", "message": "pods is forbidden"],
                ],
            ])
            try await both.stage.publish(both.start(2, in: "k8s-sandbox"))
            try await eventually("health names it") {
                try await worker.health().text.contains("the Kubernetes API of k8s-sandbox: create pod: 403")
            }
            try await both.stage.publish(both.start(1))
            try await eventually("the other goes on") { try await both.stage.simulator.state().hostname(1) != nil }
            #expect(
                try await worker.health().text.contains("the Kubernetes API of k8s-sandbox"),
                "a success of the one says nothing of the other")
            try await both.sandbox.clearFaults()
            try await eventually("it is mended") { try await both.stage.simulator.state().hostname(2) != nil }
            try await eventually("and said so") { try await worker.health().status == 200 }
            try await worker.terminate()
        }
    }
}
