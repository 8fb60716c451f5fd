import Foundation
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

extension Integration.OnARealCluster {
    /// The commands of docs/migrating.md, as they stand there, in their order, with builds all the while.
    @Suite struct MigrationTests {
        /// Where the commands run: Deployments are the API server's, and what a kubelet would do for them is done here.
        private final class Site {
            let stage: Stage
            let directory = Surroundings.directory.appendingPathComponent(Surroundings.newName("migration"))
            let kubectl: Kubectl
            let cluster: RealCluster
            private(set) var original: OriginalWorker?
            private(set) var worker: WorkerProcess?
            private let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path

            init(_ stage: Stage) throws {
                self.stage = stage
                self.cluster = try RealCluster.required()
                self.kubectl = Kubectl(cluster: self.cluster)
                try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
                let config = Surroundings.sourceRoot.appendingPathComponent("Config")
                try FileManager.default.createSymbolicLink(
                    at: self.directory.appendingPathComponent("Config"), withDestinationURL: config)
                // Docker's way with variables, and no more of Docker than the page needs.
                let docker = """
                    #!/bin/bash
                    set -eu
                    [[ "$1 $2 $3 $4" == "run --rm --network host" ]] || { echo "docker: $*" >&2; exit 125; }
                    shift 4
                    variables=(PATH="$PATH" BUILD_WORKER_CONFIG_DIR="\(config.path)")
                    while true; do
                        case $1 in
                        --env-file) while IFS= read -r line; do [[ $line == *=* && $line != \\#* ]] && variables+=("$line"); done <"$2"; shift 2 ;;
                        --env) variables+=("$2"); shift 2 ;;
                        registry.example.com/build-worker:1.0.0) shift; break ;;
                        *) echo "docker: $1" >&2; exit 125 ;;
                        esac
                    done
                    exec env -i "${variables[@]}" "\(Surroundings.binaries.appendingPathComponent("worker").path)" "$@"
                    """
                let program = self.directory.appendingPathComponent("bin/docker")
                try FileManager.default.createDirectory(
                    at: program.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(docker.utf8).write(to: program)
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
            }

            /// - Returns: what it printed. A command that fails ends the test with its words.
            func run(_ command: String) async throws -> String {
                if let command = command.firstRange(of: " -- worker ").map({ String(command[$0.upperBound...]) }) {
                    let worker = try #require(self.worker, "exec in a pod that is not there: \(command)")
                    var environment = try await self.environmentOfOurs()
                    environment["STATUS_PORT"] = String(try await worker.statusPort())
                    let outcome = try await WorkerProcess.run(
                        command.split(separator: " ").map(String.init), environment: environment)
                    guard outcome.code <= 1 else {
                        throw NotInTime(description: "\(command): \(outcome.code) \(outcome.output) \(outcome.errors)")
                    }
                    return outcome.output
                }
                if command.contains(" rollout status ") {
                    try await eventually("ours is ready") { try await self.worker?.get("/readyz").status == 200 }
                    return ""
                }
                let child = try ChildProcess(
                    URL(fileURLWithPath: "/bin/bash"),
                    ["-c", "set -o pipefail; cd \(self.directory.path); \(command)"],
                    environment: [
                        "PATH": "\(self.directory.path)/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "KUBECONFIG": self.cluster.kubeconfig.path,
                    ])
                let code = try await child.waitForExit()
                guard code == 0 else {
                    throw NotInTime(description: "\(command): \(code) \(child.output) \(child.errors)")
                }
                try await self.reconcile()
                return child.output
            }

            private func replicas(_ namespace: String, _ name: String) async throws -> Int {
                let answer = try await self.cluster.request(
                    "GET", "/apis/apps/v1/namespaces/\(namespace)/deployments/\(name)")
                return answer.status == 200 ? answer.body[path: "spec", "replicas"]?.integer ?? 1 : 0
            }

            /// What a controller and a kubelet do.
            func reconcile() async throws {
                switch (try await self.replicas("screwdriver", "queue-worker"), self.original) {
                case (1..., nil):
                    self.original = OriginalWorker(
                        self.stage.environment(), self.stage.broker.options(self.stage.queues))
                    self.original?.start()
                case (0, let running?):
                    await running.stop()
                    self.original = nil
                default: break
                }
                switch (try await self.replicas("build-worker", "build-worker"), self.worker) {
                case (1..., nil):
                    let worker = try WorkerProcess(["run"], environment: try await self.environmentOfOurs())
                    self.worker = worker
                    try await worker.waitUntilConsuming()
                case (0, let running?):
                    self.worker = nil
                    let code = try await running.terminate()
                    #expect(code == 0, "drained")
                default: break
                }
            }

            func clear() async {
                self.worker?.child.signal(SIGKILL)
                await self.original?.stop()
                self.stage.clear()
            }

            /// As `envFrom` of the Deployment that was applied, and what is different because this is no pod.
            private func environmentOfOurs() async throws -> [String: String] {
                let deployment = try await self.cluster.must(
                    "GET", "/apis/apps/v1/namespaces/build-worker/deployments/build-worker")
                var environment: [String: String] = [:]
                for source in deployment[path: "spec", "template", "spec", "containers"]?.array?.first?["envFrom"]?
                    .array ?? []
                {
                    let (kind, name) =
                        source["secretRef"] == nil
                        ? ("configmaps", source[path: "configMapRef", "name"])
                        : ("secrets", source[path: "secretRef", "name"])
                    let object = try await self.cluster.must(
                        "GET", "/api/v1/namespaces/build-worker/\(kind)/\(name?.string ?? "")")
                    for member in object["data"]?.members ?? [] {
                        let text = member.value.string ?? ""
                        environment[member.name] =
                            kind == "configmaps"
                            ? text : String(decoding: Data(base64Encoded: text) ?? Data(), as: UTF8.self)
                    }
                }
                environment["BUILD_WORKER_CONFIG_DIR"] = Surroundings.sourceRoot.appendingPathComponent("Config").path
                return environment.merging(["SPOOL_DIRECTORY": self.spool, "PORT": "0", "STATUS_PORT": "0"]) { $1 }
            }
        }

        /// The commands of each of the page's sections.
        private static func sections() throws -> [(title: String, commands: [String])] {
            let page = try String(
                contentsOf: Surroundings.sourceRoot.appendingPathComponent("docs/migrating.md"), encoding: .utf8)
            return page.components(separatedBy: "\n## ").dropFirst().map { section in
                let lines = section.split(separator: "\n")
                return (String(lines[0]), lines.filter { $0.hasPrefix("$ ") }.map { String($0.dropFirst(2)) })
            }
        }

        /// As an operator has it, with what is secret in a Secret.
        private static func originalDeployment(_ stage: Stage, _ user: [String: String]) -> [JSONValue] {
            let own = [
                "SPOOL_DIRECTORY", "BUILD_WORKER_CONFIG_DIR", "PORT", "STATUS_PORT", "LOG_LEVEL",
                "RABBITMQ_VERIFY_LIMIT", "RABBITMQ_RETRY_DELAY_SECONDS",
            ]
            let values = stage.environment(["EXECUTOR_PLUGIN": "k8s", "RABBITMQ_RETRYQUEUE_ENABLED": "true"]).merging(
                user
            ) { $1 }.filter { !own.contains($0.key) }
            let secrets = ["RABBITMQ_PASSWORD", "K8S_TOKEN"]
            let variables: [JSONValue] = values.sorted { $0.key < $1.key }.map { name, value in
                guard secrets.contains(name) else { return ["name": .string(name), "value": .string(value)] }
                return [
                    "name": .string(name),
                    "valueFrom": ["secretKeyRef": ["name": "queue-worker", "key": .string(name)]],
                ]
            }
            let labels: JSONValue = ["app": "queue-worker"]
            let container: JSONValue = [
                "name": "queue-worker", "image": "screwdrivercd/queue-worker:stable",
                "env": .array(variables + [["name": "PORT", "value": "80"]]),
            ]
            return [
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "screwdriver"]],
                [
                    "apiVersion": "v1", "kind": "Secret",
                    "metadata": ["name": "queue-worker", "namespace": "screwdriver"],
                    "stringData": .object(secrets.map { .init($0, .string(values[$0] ?? "")) }),
                ],
                [
                    "apiVersion": "apps/v1", "kind": "Deployment",
                    "metadata": ["name": "queue-worker", "namespace": "screwdriver"],
                    "spec": [
                        "replicas": 1, "selector": ["matchLabels": labels],
                        "template": ["metadata": ["labels": labels], "spec": ["containers": .array([container])]],
                    ],
                ],
            ]
        }

        @Test func thePageLeadsThereAndBack() async throws {
            // The original's role: it deletes by label, and so does ours with its token.
            let stage = try await Stage.set(
                .guide, initTimeout: .seconds(5),
                rules: [
                    ["apiGroups": [""], "resources": ["pods"], "verbs": ["create", "list", "deletecollection"]],
                    ["apiGroups": [""], "resources": ["pods/status"], "verbs": ["get"]],
                ])
            let site = try Site(stage)
            // Other tests create the manifests' objects, too.
            try await site.kubectl.run(
                "delete", "--namespace", "build-worker", "deployment,secret", "build-worker", "--ignore-not-found")
            // The names that the page has.
            try await stage.broker.ctl("add_user", "admin", "secret")
            try await stage.broker.ctl("set_permissions", "-p", "/", "admin", ".*", ".*", ".*")
            let user = Surroundings.newName("user")
            try await GuideDefinitions(stage.queues).addUser(user, password: "made-up", to: stage.broker)
            for object in Self.originalDeployment(stage, ["RABBITMQ_USERNAME": user, "RABBITMQ_PASSWORD": "made-up"]) {
                try await site.kubectl.run("apply", "--filename", "-", input: object.text())
            }
            try await site.reconcile()
            func publish(_ builds: ClosedRange<Int>, image: String = "fate/running:1") async throws {
                for build in builds { try await stage.publish(stage.start(build, image: image)) }
            }
            func expectOnePod(_ builds: ClosedRange<Int>, _ when: String) async throws {
                try await eventually("each has its pod \(when)") {
                    let state = try await stage.simulator.state()
                    return builds.allSatisfy { !state.alivePods($0).isEmpty && state.hostname($0) != nil }
                }
                let state = try await stage.simulator.state()
                for build in builds { #expect(state.alivePods(build).count == 1, "build \(build) \(when)") }
            }
            try await publish(1...3)
            try await expectOnePod(1...3, "from the original")

            let sections = try Self.sections()
            func follow(_ number: String) async throws -> String {
                let section = try #require(sections.first { $0.title.hasPrefix(number) })
                var output = ""
                for command in section.commands { output += try await site.run(command) }
                return output
            }
            #expect(try await follow("1.").isEmpty)
            let comparison = try await follow("2.")
            #expect(
                comparison.contains("RABBITMQ_MSG_REPROCESS_LIMIT") && !comparison.contains("EXECUTOR_PLUGIN"),
                "\(comparison)")
            let file = try String(contentsOf: site.directory.appendingPathComponent("original.env"), encoding: .utf8)
            #expect(
                file.contains("K8S_TOKEN=\(stage.clusterToken)") && !file.contains("PORT=80"),
                "what the Secrets hold is there")
            let (plan, names) = (try await follow("3."), [stage.queues.initTimers, stage.queues.parked])
            for name in names {
                #expect(
                    plan.contains("to be made  queue \(name)") && plan.contains("made        queue \(name)"), "\(plan)")
            }
            #expect(try stage.broker.depths(names) == [0, 0])
            _ = try await follow("4.")

            try await publish(4...15)
            try await expectOnePod(4...15, "from either")
            let made = try await stage.simulator.state()
            let ours = (4...15).filter {
                made.alivePods($0).first?["name"]?.string == PodName.of(BuildID(rawValue: $0), prefix: "")
            }
            #expect(!ours.isEmpty && ours.count < 12, "both have worked: \(ours)")
            #expect(try await follow("5.").hasPrefix("OK - "))

            // It dies with a build in flight whose pod is made.
            site.original?.isStuck.store(true, ordering: .relaxed)
            try await publish(16...19)
            try await expectOnePod(16...19, "from either")
            let six = try #require(sections.first { $0.title.hasPrefix("6.") }).commands
            #expect(six.count == 3)
            _ = try await site.run(six[0])
            #expect(site.original == nil)
            try await publish(20...21)
            try await publish(22...22, image: "fate/bad-image:1")
            try await eventually("all is settled") { try stage.isSettled() }
            try await expectOnePod(1...21, "from ours alone")
            try await eventually("what cannot begin is failed") {
                try await stage.simulator.state().status(22) == "FAILURE"
            }
            for build in 1...6 { #expect(try await stage.simulator.abortBuild(build)) }
            try await stage.publishStops()
            try await eventually("pods of both are deleted") {
                let state = try await stage.simulator.state()
                return (1...6).allSatisfy { state.alivePods($0).isEmpty }
            }

            for command in six.dropFirst() { _ = try await site.run(command) }
            #expect(site.worker == nil && site.original != nil)
            try await publish(30...31)
            try await expectOnePod(30...31, "from the original again")
            for build in 7...21 { #expect(try await stage.simulator.abortBuild(build)) }
            try await stage.publishStops()
            try await eventually("it deletes our pods") {
                let state = try await stage.simulator.state()
                return (7...21).allSatisfy { state.alivePods($0).isEmpty }
            }
            try await eventually("and takes what our init timers bring") {
                try stage.broker.depths([stage.queues.initTimers, stage.queues.retry]) == [0, 0]
            }
            let state = try await stage.simulator.state()
            for build in (1...21).map({ $0 }) + [30, 31] { #expect(state.status(build) != "FAILURE", "build \(build)") }
            await site.clear()
        }
    }
}
