import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

extension Integration {
    /// Tokens in Secrets: each is there when its pod wants it, goes with it, and never stays without one.
    @Suite struct TokenSecretTests {
        private static let inSecrets = ["K8S_BUILD_TOKEN": "secret", "RABBITMQ_MSG_REPROCESS_LIMIT": "1"]

        /// A stage where the worker has the rights that `Config/kubernetes/token-secrets` adds.
        private func set() async throws -> Stage {
            let rules = try ["role", "../token-secrets/role"].flatMap {
                try RealCluster.shipped($0)["rules"]?.array ?? []
            }
            return try await Stage.set(rules: .array(rules))
        }

        private func client(_ stage: Stage) -> KubernetesClient {
            var options = KubernetesOptions()
            (options.host, options.token, options.jobsNamespace) = (
                stage.simulator.kubernetes, Secret(stage.clusterToken), stage.namespace
            )
            return KubernetesClient(options: options, transport: HTTPTransport())
        }

        private func secrets(_ stage: Stage) async throws -> [KubernetesClient.SecretVersion] {
            var found: [KubernetesClient.SecretVersion] = []
            try await self.client(stage).forEachPage(ofSecretsLabelled: "app=screwdriver") { found += $0 }
            return found
        }

        private func startWorker(_ stage: Stage, _ more: [String: String] = [:]) async throws -> WorkerProcess {
            let worker = try stage.startWorker(["run"], Self.inSecrets.merging(more) { $1 })
            try await worker.waitUntilConsuming()
            return worker
        }

        @Test func theTokenIsBesideThePodAndGoesWithIt() async throws {
            let stage = try await self.set()
            defer { stage.clear() }
            let worker = try await self.startWorker(stage)
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the build has begun") { try await stage.simulator.state().hostname(1) != nil }
            let pod = try #require(try await self.client(stage).pods(labelled: "sdbuild=1").first)
            #expect(!pod.text().contains(Stage.secret))
            let secret = try #require(try await self.secrets(stage).first)
            #expect(secret.hasOwner && secret.name == pod[path: "metadata", "name"]?.string)
            #expect(try await self.client(stage).token(inSecret: secret.name) == Secret(Stage.token(1)))
            try await eventually("its timer has fired") { try stage.isSettled() && stage.depth(\.initTimers) == 0 }
            try await stage.publish(stage.stop(1))
            try await eventually("both are gone") {
                let pods = try await stage.simulator.state().alivePods(1)
                return try await self.secrets(stage).isEmpty && pods.isEmpty
            }
            try await worker.terminate()
        }

        /// Refused for good, for now, for the namespace's sake, and without a clear answer.
        @Test(arguments: ["invalid", "quota", "forbidden", "no-namespace", "refuse-always"])
        func noSecretIsLeftWhereNoPodComes(fate: String) async throws {
            let stage = try await self.set()
            defer { stage.clear() }
            let worker = try await self.startWorker(stage)
            try await stage.publish(stage.start(1, image: "fate/\(fate):1"))
            try await eventually("the build is failed") { try await stage.simulator.state().status(1) == "FAILURE" }
            try await eventually("nothing is left") { try await self.secrets(stage).isEmpty && stage.isSettled() }
            #expect(try await stage.simulator.state().podsCreated == 0)
            let posts = try await stage.simulator.requests().count {
                $0["method"]?.string == "POST" && $0["path"]?.string?.hasSuffix("/secrets") == true
            }
            #expect(posts > 0, "there was one")
            try await worker.terminate()
        }

        /// `before`: the Secret is there and the pod is not; `after`: the pod is there, and does not own it yet.
        @Test(arguments: ["before", "after"])
        func killedBetween(moment: String) async throws {
            let stage = try await self.set()
            defer { stage.clear() }
            let first = try await self.startWorker(stage, ["CIRCUIT_TIMEOUT": "60000"])
            try await stage.simulator.fault([
                "listener": "kubernetes", "method": "POST", "path": "/pods$", "times": 1,
                "action": ["hang": .string(moment), "seconds": 60],
            ])
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the worker waits for the answer") {
                let owners = try await self.secrets(stage).map(\.hasOwner)
                return try await stage.simulator.state().podsCreated == (moment == "after" ? 1 : 0) && owners == [false]
            }
            try await first.child.kill9()
            let second = try await self.startWorker(stage)
            try await eventually("the build has begun") { try await stage.simulator.state().hostname(1) != nil }
            #expect(try await self.secrets(stage).map(\.hasOwner) == [true])
            #expect(try await stage.simulator.state().podsCreated == 1)
            try await eventually("its timer has fired") { try stage.isSettled() && stage.depth(\.initTimers) == 0 }
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
            try await second.terminate()
        }

        @Test func aStopTakesASecretThatNoPodOwns() async throws {
            let stage = try await self.set()
            defer { stage.clear() }
            let worker = try await self.startWorker(stage)
            try await stage.simulator.fault(["listener": "kubernetes", "method": "PATCH", "action": ["status": 403]])
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the build has begun all the same") {
                try await stage.simulator.state().hostname(1) != nil
            }
            #expect(try worker.hasLogged(event: "secret_left"))
            #expect(try await self.secrets(stage).map(\.hasOwner) == [false])
            try await eventually("its timer has fired") { try stage.isSettled() && stage.depth(\.initTimers) == 0 }
            try await stage.publish(stage.stop(1))
            try await eventually("both are gone") {
                let pods = try await stage.simulator.state().alivePods(1)
                return try await self.secrets(stage).isEmpty && pods.isEmpty
            }
            try await worker.terminate()
        }

        @Test func withoutTheRightTheBuildSaysSoAndHasNoPod() async throws {
            let stage = try await self.set()
            defer { stage.clear() }
            let worker = try await self.startWorker(stage)
            let refusal: JSONValue = [
                "kind": "Status", "reason": "Forbidden", "message": "secrets is forbidden: cannot create resource",
            ]
            try await stage.simulator.fault([
                "listener": "kubernetes", "path": "/secrets$", "method": "POST",
                "action": ["status": 403, "body": refusal],
            ])
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the build is failed for that") {
                try await stage.simulator.state().message(1).contains("secrets is forbidden")
            }
            #expect(try await stage.simulator.state().podsCreated == 0)
            #expect(try worker.hasLogged(event: "cluster_fault"))
            try await worker.terminate()
        }

        /// The janitor asks as the build whether it has ended, and finds the token in the Secret.
        @Test func theJanitorReadsTheTokenThere() async throws {
            let stage = try await self.set()
            defer { stage.clear() }
            let worker = try await self.startWorker(stage, ["POD_TTL": "0.01", "JANITOR_INTERVAL": "0.5"])
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the build has begun") {
                try await stage.simulator.state().hostname(1) != nil && stage.isSettled()
            }
            let pod = try #require(try await stage.simulator.state().alivePods(1).first?["name"]?.string)
            try await stage.simulator.setFate(of: pod, "succeeded")
            try await eventually("its pod is gone") { try await stage.simulator.state().alivePods(1).isEmpty }
            // A real cluster's controllers would do it; a lone API server has none.
            if RealCluster.current == nil { #expect(try await self.secrets(stage).isEmpty) }
            try await worker.terminate()
        }
    }
}
