import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

extension Integration.OnARealCluster {
    /// Pods of VMs, and those with BuildKit, are privileged: a namespace admits them, or the build's owner reads why not.
    @Suite struct PodSecurityTests {
        private static let label = "pod-security.kubernetes.io/enforce"
        private static let builds: [(id: Int, annotations: JSONValue, app: String, containers: [String])] = [
            (1, ["screwdriver.cd/executor": "k8s-vm"], "screwdriver-vm", ["vm-launcher"]),
            (2, ["screwdriver.cd/rootlessBuildkitEnabled": true], "screwdriver", ["2", "buildkitd"]),
        ]

        /// The webhook form of Kubernetes' own policy, for API servers that do not have that built in: says no to what is privileged.
        private static let policy = """
            length=0
            while IFS= read -r line; do
              line=$(printf %s "$line" | tr -d '\\r')
              [ -n "$line" ] || break
              case $line in [Cc]ontent-[Ll]ength:*) length=${line#*: } ;; esac
            done
            body=$(head -c "$length")
            uid=$(printf %s "$body" | sed 's/.*"request":{"uid":"\\([^"]*\\)".*/\\1/')
            case $body in
              *'"privileged":true'*) verdict='"allowed":false,"status":{"code":403,"message":"pods \\"x\\" is forbidden: violates PodSecurity \\"baseline:latest\\": privileged"}' ;;
              *) verdict='"allowed":true' ;;
            esac
            answer='{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"'$uid'",'$verdict'}}'
            printf 'HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n%s' "${#answer}" "$answer"
            """

        /// A stage whose namespace enforces `level`, and a worker that has been given a start of each build.
        private func start(_ level: String, _ cluster: RealCluster) async throws -> (Stage, WorkerProcess) {
            let stage = try await Stage.set()
            let path = "/api/v1/namespaces/\(stage.namespace)"
            var namespace = try await cluster.must("GET", path)
            var labels = namespace[path: "metadata", "labels"] ?? [:]
            labels[Self.label] = .string(level)
            namespace["metadata"]?["labels"] = labels
            try await cluster.must("PUT", path, namespace)
            return (stage, try stage.startWorker(["run"], ["K8S_BASE_IMAGE": "fate/running:1"]))
        }

        private func publish(_ stage: Stage) async throws {
            for build in Self.builds {
                var message = stage.start(build.id, image: "fate/running:1")
                message["buildConfig"]?["annotations"] = build.annotations
                try await stage.publish(message)
            }
        }

        @Test func whereTheyAreAdmittedTheyRun() async throws {
            let cluster = try RealCluster.required()
            let (stage, worker) = try await self.start("privileged", cluster)
            defer { stage.clear() }
            try await self.publish(stage)
            try await eventually("both have begun") {
                let state = try await stage.simulator.state()
                return Self.builds.allSatisfy { state.hostname($0.id) != nil }
            }
            let selector = PodName.selectorOfAll.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            let pods =
                try await cluster.must("GET", "/api/v1/namespaces/\(stage.namespace)/pods?labelSelector=\(selector)")[
                    "items"]?.array ?? []
            for build in Self.builds {
                let pod = try #require(
                    pods.first { $0[path: "metadata", "labels", "sdbuild"]?.string == "\(build.id)" })
                #expect(pod[path: "metadata", "labels", "app"]?.string == build.app)
                #expect((pod[path: "spec", "containers"]?.array ?? []).map { $0["name"]?.string } == build.containers)
            }
            try await eventually("nothing is left") { try stage.isSettled() && stage.depth(\.initTimers) == 0 }
            try await worker.terminate()
        }

        @Test func whereTheyAreNotTheBuildsOwnerReadsWhy() async throws {
            let cluster = try RealCluster.required()
            let (stage, worker) = try await self.start("baseline", cluster)
            defer { stage.clear() }
            let certificate = try await TLSFront.make(.init(), by: (cluster.authorityFile, cluster.authorityKeyFile))
            let webhook = try await TLSFront(certificate, answeringBy: Self.policy)
            defer { webhook.stop() }
            let (configurations, name) = (
                "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
                Surroundings.newName("podsecurity")
            )
            let authority = try Data(contentsOf: cluster.authorityFile).base64EncodedString()
            try await cluster.must(
                "POST", configurations,
                [
                    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                    "metadata": ["name": .string(name)],
                    "webhooks": [
                        [
                            "name": "pod-security-webhook.kubernetes.io", "sideEffects": "None",
                            "admissionReviewVersions": ["v1"],
                            "clientConfig": [
                                "url": .string("https://localhost:\(webhook.port)/"), "caBundle": .string(authority),
                            ],
                            "rules": [
                                [
                                    "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                                    "resources": ["pods"],
                                ]
                            ],
                            "namespaceSelector": ["matchLabels": .object([.init(Self.label, "baseline")])],
                        ]
                    ],
                ])
            var privileged = Ask.pod("privileged")
            privileged["spec"]?["containers"] = [["name": "a", "image": "b", "securityContext": ["privileged": true]]]
            try await eventually("the policy is in force") {
                try await cluster.request("POST", "/api/v1/namespaces/\(stage.namespace)/pods?dryRun=All", privileged)
                    .status == 403
            }
            try await self.publish(stage)
            try await eventually("both builds are failed") {
                let state = try await stage.simulator.state()
                return Self.builds.allSatisfy { state.status($0.id) == "FAILURE" }
            }
            let state = try await stage.simulator.state()
            for build in Self.builds {
                #expect(
                    state.message(build.id).contains("violates PodSecurity \"baseline:latest\": privileged"),
                    "\(state.message(build.id))")
            }
            #expect(
                try await cluster.must("GET", "/api/v1/namespaces/\(stage.namespace)/pods")["items"]?.array?.isEmpty
                    == true)
            try await worker.terminate()
            try await cluster.must("DELETE", "\(configurations)/\(name)")
        }
    }
}
