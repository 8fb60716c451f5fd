import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

extension Integration {
    /// Builds that run in virtual machines. The cluster never sees their own images: the VM launcher's decides what becomes of the pod.
    @Suite struct VMTests {
        private static let vms = ["K8S_BASE_IMAGE": "fate/running:1"]

        private static func start(_ stage: Stage, _ build: Int) -> JSONValue {
            var message = stage.start(build, image: "registry.test/never-asked:1")
            message["buildConfig"]?["annotations"] = ["screwdriver.cd/executor": "k8s-vm"]
            return message
        }

        private static func labels(_ stage: Stage) async throws -> [String] {
            var options = KubernetesOptions()
            (options.host, options.token, options.jobsNamespace) = (
                stage.simulator.kubernetes, Secret(stage.clusterToken), stage.namespace
            )
            let client = KubernetesClient(options: options, transport: HTTPTransport())
            var found: [String] = []
            try await client.forEachPage(ofPodsLabelled: PodName.selectorOfAll) { pods in
                found += pods.map {
                    "\($0[path: "metadata", "labels", "sdbuild"]?.string ?? "?") \($0[path: "metadata", "labels", "app"]?.string ?? "?")"
                }
            }
            return found.sorted()
        }

        /// Its token is an argument even where those of other builds are in Secrets.
        @Test func isStartedVerifiedAndStoppedAsAnyBuild() async throws {
            let rules = try ["role", "../token-secrets/role"].flatMap {
                try RealCluster.shipped($0)["rules"]?.array ?? []
            }
            let stage = try await Stage.set(rules: .array(rules))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], Self.vms.merging(["K8S_BUILD_TOKEN": "secret"]) { $1 })
            try await worker.waitUntilConsuming()
            #expect(try worker.hasLogged("K8S_BUILD_TOKEN=secret does not count for k8s-vm"))
            try await stage.publish(Self.start(stage, 1))
            try await stage.publish(stage.start(2, image: "fate/running:1"))
            try await eventually("both have begun") {
                let state = try await stage.simulator.state()
                return state.hostname(1) != nil && state.hostname(2) != nil
            }
            #expect(try await Self.labels(stage) == ["1 screwdriver-vm", "2 screwdriver"])
            try await eventually("their timers have fired") { try stage.isSettled() && stage.depth(\.initTimers) == 0 }
            let secrets = try await stage.simulator.requests().count {
                $0["method"]?.string == "POST" && $0["path"]?.string?.hasSuffix("/secrets") == true
            }
            #expect(secrets == 1, "only for the other")
            for build in [1, 2] { try await stage.publish(stage.stop(build)) }
            try await eventually("the stops find both") {
                let state = try await stage.simulator.state()
                return state.alivePods(1).isEmpty && state.alivePods(2).isEmpty
            }
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
            #expect(!worker.child.output.contains(Stage.token(1)))
            try await worker.terminate()
        }

        /// The original looks at none of these.
        @Test(arguments: [
            ("bad-image", "check if your image is valid"), ("stuck-pending", "0/3 nodes are available"),
            ("failed", "exit code 1"), ("bad-launcher-image", "screwdrivercd/launcher:stable"),
        ])
        func whatKeepsItsPodFromStartingIsSaid(fate: String, words: String) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker(
                ["run"], ["K8S_BASE_IMAGE": "fate/\(fate):1", "EXECUTOR_PLUGIN": "k8s-vm"])
            try await stage.publish(stage.start(1, image: "registry.test/never-asked:1"))
            try await eventually("the build is failed, and why is said", within: .seconds(60)) {
                let state = try await stage.simulator.state()
                return state.status(1) == "FAILURE" && state.message(1).contains(words)
            }
            try await worker.terminate()
        }

        /// Never a kernel that it shares unknowingly.
        @Test func whereThereIsNoneTheBuildIsFailedOrAnOperatorHasSaidOtherwise() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let strict = try stage.startWorker()
            try await strict.waitUntilConsuming()
            try await stage.publish(Self.start(stage, 1))
            try await eventually("it is failed, and told what to do") {
                let state = try await stage.simulator.state()
                return state.status(1) == "FAILURE" && state.message(1).contains("virtual machine")
                    && state.message(1).contains("K8S_BASE_IMAGE")
            }
            #expect(try await stage.simulator.state().podsCreated == 0)
            try await strict.terminate()
            let none = try await WorkerProcess.run(
                ["pod", "-"], environment: stage.environment(), input: Data(Self.start(stage, 1).serialized()))
            #expect(none.code == 65 && none.errors.contains("K8S_BASE_IMAGE"))
            let other = try await WorkerProcess.run(
                ["pod", "-"], environment: stage.environment(["K8S_VM_FALLBACK": "k8s"]),
                input: Data(Self.start(stage, 1).serialized()))
            #expect(other.code == 0 && other.errors.contains("no executor \"k8s-vm\" to be had"))

            let lenient = try stage.startWorker(["run"], ["K8S_VM_FALLBACK": "k8s"])
            var message = Self.start(stage, 2)
            message["buildConfig"]?["container"] = "fate/running:1"
            try await stage.publish(message)
            try await eventually("it runs") { try await stage.simulator.state().hostname(2) != nil }
            #expect(try lenient.hasLogged(event: "executor_unknown"))
            #expect(try await Self.labels(stage) == ["2 screwdriver"])
            try await lenient.terminate()
        }

        @Test func theJanitorTakesItsPods() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(
                ["run"], Stage.looking(Self.vms.merging(["POD_TTL": "0.05", "JANITOR_INTERVAL": "0.5"]) { $1 }))
            try await worker.waitUntilConsuming()
            try await stage.publish(Self.start(stage, 1))
            try await eventually("it has begun") {
                try await stage.simulator.state().hostname(1) != nil && stage.isSettled()
            }
            try await stage.simulator.setBuild(1, status: "SUCCESS")
            try await eventually("its build has ended, and its pod is gone") {
                try await stage.simulator.state().alivePods(1).isEmpty
            }
            try await worker.terminate()
        }
    }
}
