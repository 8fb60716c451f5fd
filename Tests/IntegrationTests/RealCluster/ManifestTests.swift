import Foundation
import TestSupport
import Testing
import Yams

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support

extension Integration.OnARealCluster {
    /// `Config/kubernetes` is what a cluster takes, and what the worker needs.
    @Suite struct ManifestTests {
        private func objects(_ stream: String) throws -> [JSONValue] {
            try Yams.load_all(yaml: stream).compactMap { $0 }.map {
                try JSONValue(parsing: [UInt8](try JSONSerialization.data(withJSONObject: $0)))
            }
        }

        private func deployment(_ overlay: String = "small") async throws -> JSONValue {
            let stream = try await Kubectl(cluster: try RealCluster.required()).render(overlay: overlay)
            return try #require(try self.objects(stream).first { $0["kind"]?.string == "Deployment" })
        }

        @Test(arguments: ["small", "production"])
        func everyObjectIsCreated(overlay: String) async throws {
            let kubectl = Kubectl(cluster: try RealCluster.required())
            try await CustomResources.define(by: kubectl)
            let stream = Self.forOldServers(try await kubectl.render(overlay: overlay))
            let objects = try self.objects(stream)
            #expect(objects.count >= 8)
            let applied = try await kubectl.run("apply", "--filename", "-", "--output", "name", input: stream)
            #expect(applied.split(separator: "\n").count == objects.count, "\(applied)")
            let again = try await kubectl.run("diff", "--filename", "-", input: stream)
            #expect(again.isEmpty, "what is stored is what was sent: \(again)")
        }

        /// This API server is of 1.20, which has disruption budgets as v1beta1 only, without a word on pods that are not ready. The rest
        /// is the same.
        private static func forOldServers(_ stream: String) -> String {
            stream.replacingOccurrences(of: "apiVersion: policy/v1\n", with: "apiVersion: policy/v1beta1\n")
                .replacingOccurrences(of: "  unhealthyPodEvictionPolicy: AlwaysAllow\n", with: "")
        }

        /// The schemas would refuse what a typing error makes of a manifest: each line that is changed here is one.
        @Test(arguments: [
            ("minReplicaCount: 2", "minReplicas: 2"), ("maxReplicaCount: 10", "maxReplicaCount: ten"),
            ("queueName: builds", "queueName: 1"),
            ("secretTargetRef:", "secretTargetReference:"), ("podMetricsEndpoints:", "podMetricsEndpoint:"),
            ("path: /metrics", "metricsPath: /metrics"),
        ])
        func aFieldThatNobodyKnowsIsRefused(right: String, wrong: String) async throws {
            let kubectl = Kubectl(cluster: try RealCluster.required())
            try await CustomResources.define(by: kubectl)
            let stream = Self.forOldServers(try await kubectl.render(overlay: "production"))
            #expect(stream.contains(right))
            let outcome = try await kubectl.attempt(
                "apply", "--dry-run=server", "--filename", "-",
                input: stream.replacingOccurrences(of: right, with: wrong))
            let field = String(try #require(wrong.split(separator: ":").first))
            #expect(outcome.code != 0 && outcome.errors.contains(field), "\(outcome.output) \(outcome.errors)")
        }

        /// KEDA looks at the queues that the worker consumes, by the name that the management API has for their vhost.
        @Test func whatScalesItLooksAtItsQueues() async throws {
            let objects = try self.objects(
                try await Kubectl(cluster: try RealCluster.required()).render(overlay: "production"))
            func object(_ kind: String) throws -> JSONValue {
                try #require(objects.first { $0["kind"]?.string == kind })
            }
            let scaled = try object("ScaledObject")
            #expect(
                scaled[path: "spec", "scaleTargetRef", "name"] == (try object("Deployment"))[path: "metadata", "name"])
            #expect(try object("Deployment")[path: "spec", "replicas"] == nil, "every apply would undo KEDA's decision")
            let variables = try #require(try object("ConfigMap")["data"]?.members).map {
                ($0.name, $0.value.string ?? "")
            }
            let loader = ConfigurationLoader(directory: Surroundings.sourceRoot.appendingPathComponent("Config").path)
            let options = try loader.load(file: nil, environment: Dictionary(uniqueKeysWithValues: variables))
                .configuration.rabbitmq
            let triggers = try #require(scaled[path: "spec", "triggers"]?.array).map { $0["metadata"] ?? [:] }
            #expect(triggers.map { $0["queueName"]?.string } == [options.queue, options.retryQueue])
            for trigger in triggers {
                #expect(trigger["vhostName"]?.string == options.vhost)
                #expect(trigger["protocol"] == "http", "amqp does not count what workers have in flight")
                #expect(trigger["excludeUnacknowledged"] == nil)
                #expect(trigger["value"]?.string == String(options.prefetchCount))
            }
        }

        /// Strangers' builds: bounded, reached by nobody, and kept from the node's credentials; the worker's own disk is bounded, too.
        @Test func whatStrangersMayDoIsBounded() async throws {
            let objects = try self.objects(
                try await Kubectl(cluster: try RealCluster.required()).render(overlay: "small"))
            func object(_ kind: String, _ namespace: String?, _ name: String) throws -> JSONValue {
                try #require(
                    objects.first {
                        $0["kind"]?.string == kind && $0[path: "metadata", "namespace"]?.string == namespace
                            && $0[path: "metadata", "name"]?.string == name
                    })
            }
            for name in ["build-worker", "builds"] {
                let labels = try object("Namespace", nil, name)[path: "metadata", "labels"]
                #expect(labels?["pod-security.kubernetes.io/enforce"] != nil, "\(name)")
            }
            #expect(try object("ResourceQuota", "builds", "builds")[path: "spec", "hard", "pods"] != nil)
            let policy = try object("NetworkPolicy", "builds", "builds")
            #expect(
                policy[path: "spec", "podSelector"] == [:] && policy[path: "spec", "ingress"] == nil,
                "nobody reaches a build")
            let exceptions = (policy[path: "spec", "egress"]?.array ?? []).flatMap { $0["to"]?.array ?? [] }.flatMap {
                $0[path: "ipBlock", "except"]?.array ?? []
            }
            #expect(exceptions.contains("169.254.169.254/32"))
            let pod = try #require(
                try object("Deployment", "build-worker", "build-worker")[path: "spec", "template", "spec"])
            let disk = try #require(
                pod["containers"]?.array?.first?[path: "resources", "limits", "ephemeral-storage"]?.string)
            let spool = try #require(
                pod["volumes"]?.array?.first { $0["name"] == "spool" }?[path: "emptyDir", "sizeLimit"]?.string)
            func megabytes(_ text: String) -> Int { Int(text.dropLast(2)) ?? 0 }
            #expect(
                disk.hasSuffix("Mi") && spool.hasSuffix("Mi") && megabytes(spool) < megabytes(disk),
                "the log has its share")
        }

        @Test func theRightsForTokensInSecretsAreCreated() async throws {
            let cluster = try RealCluster.required()
            try await cluster.must(
                "POST", "/api/v1/namespaces",
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "builds"]], 201, 409)
            let kubectl = Kubectl(cluster: cluster)
            let applied = try await kubectl.run(
                "apply", "--filename", "-", "--output", "name",
                input: try await kubectl.render(overlay: "../token-secrets"))
            #expect(applied.split(separator: "\n").count == 2, "\(applied)")
        }

        /// A Deployment's pods are made by a controller, which is not here: so one is made of its template.
        @Test func itsPodIsAccepted() async throws {
            let cluster = try RealCluster.required()
            let template = try #require(try await self.deployment()[path: "spec", "template"])
            let pod: JSONValue = [
                "apiVersion": "v1", "kind": "Pod",
                "metadata": ["name": "build-worker-0", "labels": template[path: "metadata", "labels"] ?? [:]],
                "spec": template["spec"] ?? [:],
            ]
            let namespace = try await cluster.makeNamespace(rules: [])
            try await cluster.must("POST", "/api/v1/namespaces/\(namespace)/pods", pod)
        }

        /// The level `restricted` of Pod Security, which this API server does not know yet.
        @Test func itsPodIsRestricted() async throws {
            let spec = try #require(try await self.deployment()[path: "spec", "template", "spec"])
            #expect(spec[path: "securityContext", "runAsNonRoot"]?.bool == true)
            #expect(spec[path: "securityContext", "seccompProfile", "type"]?.string == "RuntimeDefault")
            for name in ["hostNetwork", "hostPID", "hostIPC"] { #expect(spec[name] == nil) }
            let containers = (spec["containers"]?.array ?? []) + (spec["initContainers"]?.array ?? [])
            #expect(containers.count == 1)
            for container in containers {
                #expect(container[path: "securityContext", "allowPrivilegeEscalation"]?.bool == false)
                #expect(container[path: "securityContext", "readOnlyRootFilesystem"]?.bool == true)
                #expect(container[path: "securityContext", "capabilities", "drop"] == ["ALL"])
                #expect(container["securityContext"]?["privileged"] == nil)
            }
            let volumes = Set((spec["volumes"]?.array ?? []).flatMap { $0.members ?? [] }.map(\.name))
            #expect(volumes == ["name", "projected", "emptyDir"])
        }

        /// The worker is started with the shipped ConfigMap: it knows every variable and refuses none.
        @Test(arguments: ["small", "production"])
        func itsConfigurationIsTheWorkers(overlay: String) async throws {
            let stream = try await Kubectl(cluster: try RealCluster.required()).render(overlay: overlay)
            let map = try #require(try self.objects(stream).first { $0["kind"]?.string == "ConfigMap" })
            let variables = try #require(map["data"]?.members).map { ($0.name, $0.value.string ?? "") }
            var environment = Dictionary(uniqueKeysWithValues: variables)
            environment["BUILD_WORKER_CONFIG_DIR"] = Surroundings.sourceRoot.appendingPathComponent("Config").path
            let config = try await WorkerProcess.run(["config", "--format", "json"], environment: environment)
            try #require(config.code == 0, "\(config.errors)")
            let origins = try #require(try JSONValue(parsing: config.output)["settings"]?.array).compactMap {
                $0["origin"]?.string
            }
            for (name, _) in variables {
                #expect(origins.contains("variable \(name)"), "\(name) is no variable of the worker")
            }
        }

        @Test func whatItsPartsPromiseEachOther() async throws {
            let deployment = try await self.deployment()
            let spec = try #require(deployment[path: "spec", "template", "spec"])
            let worker = try #require(spec["containers"]?.array?.first)
            let loader = ConfigurationLoader(directory: Surroundings.sourceRoot.appendingPathComponent("Config").path)
            let options = try loader.load(file: nil, environment: [:]).configuration
            let grace = try #require(spec["terminationGracePeriodSeconds"]?.integer)
            #expect(
                Duration.seconds(grace) >= options.drainTimeout + .seconds(5), "the drain ends before the pod is killed"
            )
            let mounts = Dictionary(
                uniqueKeysWithValues: (worker["volumeMounts"]?.array ?? []).map {
                    ($0["mountPath"]?.string ?? "", $0["name"]?.string ?? "")
                })
            #expect(mounts[options.spoolDirectory] == "spool")
            let account = URL(fileURLWithPath: options.executor.kubernetes.tokenFile).deletingLastPathComponent().path
            #expect(mounts[account] == "account")
            #expect(KubernetesOptions.mountedAuthorities == "\(account)/ca.crt")
            #expect(worker["ports"]?.array?.first?["containerPort"]?.integer == options.httpd.port)
            let ingress = try #require(try RealCluster.shipped("network-policy")[path: "spec", "ingress"]?.array)
            #expect(ingress.flatMap { $0["ports"]?.array ?? [] }.map { $0["port"]?.integer } == [options.httpd.port])
            #expect(ingress.allSatisfy { $0["from"]?.array?.isEmpty == false }, "a rule without from lets everybody in")
            #expect(options.status.host == "127.0.0.1", "what tells of builds is for 'kubectl port-forward'")
            #expect(
                deployment[path: "spec", "selector", "matchLabels"]
                    == deployment[path: "spec", "template", "metadata", "labels"])
            #expect(
                spec["serviceAccountName"]?.string
                    == (try RealCluster.shipped("service-account"))[path: "metadata", "name"]?.string)
        }
    }
}
