import Foundation
import TestSupport
import Testing
import Yams

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

extension Integration {
    /// `Config/rabbitmq/definitions.json` is what the worker needs, and its users may do what they must and no more.
    @Suite(.simulatedClusterOnly("the broker's users and queues")) struct DefinitionsTests {
        private static let file = Surroundings.sourceRoot.appendingPathComponent("Config/rabbitmq/definitions.json")

        /// The variables of `Config/kubernetes`.
        private func shipped() throws -> [String: String] {
            let map = Surroundings.sourceRoot.appendingPathComponent("Config/kubernetes/base/config-map.yaml")
            let object = try #require(try Yams.load(yaml: String(contentsOf: map, encoding: .utf8)) as? [String: Any])
            return try #require(object["data"] as? [String: String])
        }

        @Test func areTheTopologyOfTheShippedConfiguration() throws {
            let definitions = try JSONValue(parsing: [UInt8](try Data(contentsOf: Self.file)))
            let loader = ConfigurationLoader(directory: Surroundings.sourceRoot.appendingPathComponent("Config").path)
            let options = try loader.load(file: nil, environment: try self.shipped()).configuration.rabbitmq
            let topology = Topology(options).document
            #expect(definitions["vhosts"] == [["name": .string(options.vhost)]])
            #expect(definitions["exchanges"]?.array?.map { $0["name"] } == [topology[path: "exchange", "name"]])
            func named(_ queues: [JSONValue]) -> [String: Set<JSONValue.Member>] {
                Dictionary(
                    uniqueKeysWithValues: queues.map { ($0["name"]?.string ?? "", Set($0["arguments"]?.members ?? [])) }
                )
            }
            let wanted = named(topology["queues"]?.array ?? [])
            #expect(wanted.count == 6)
            #expect(named(definitions["queues"]?.array ?? []) == wanted)
            let bindings = (definitions["bindings"]?.array ?? []).map {
                [$0["source"], $0["routing_key"], $0["destination"]].map { $0?.string }
            }
            #expect(Set(bindings) == Set(wanted.keys.map { [options.exchange, $0, $0] }))
        }

        @Test func areEnoughForABuildAndForNothingElse() async throws {
            let broker = try await Broker.start()
            try await broker.ctl("import_definitions", Self.file.path)
            let password = "made-up-broker-password-3d"
            for user in ["build-worker", "controller"] { try await broker.ctl("change_password", user, password) }
            try await broker.ctl("set_permissions", "-p", "screwdriver", "guest", ".*", ".*", ".*")
            let stage = try await Stage.set(broker: broker, initTimeout: .seconds(300))
            defer { stage.clear() }
            let names = try self.shipped().filter {
                ["RABBITMQ_VIRTUAL_HOST", "RABBITMQ_QUEUE", "RABBITMQ_RETRYQUEUE", "RABBITMQ_EXCHANGE"].contains($0.key)
            }
            func environment(_ user: String, _ password: String = password, _ more: [String: String] = [:]) -> [String:
                String]
            {
                stage.environment(
                    names.merging(["RABBITMQ_USERNAME": user, "RABBITMQ_PASSWORD": password]) { $1 }.merging(more) {
                        $1
                    })
            }
            let imported = ["RABBITMQ_RETRY_DELAY_SECONDS": "30", "RABBITMQ_BUILD_INIT_TIMEOUT": "5"]
            let check = try await WorkerProcess.run(
                ["topology", "check"], environment: environment("guest", "guest", imported))
            #expect(check.code == 0 && !check.output.contains("WARNING"), "\(check.output) \(check.errors)")

            for command in [["topology", "check"], ["check", "queues"]] {
                let seen = try await WorkerProcess.run(
                    command, environment: environment("build-worker", password, imported))
                #expect(
                    !seen.output.contains("ACCESS_REFUSED") && !seen.errors.contains("ACCESS_REFUSED"),
                    "\(seen.output) \(seen.errors)")
                if command[0] == "topology" {
                    #expect(
                        seen.code == 0 && seen.output.contains("shown only to users with configure permission"),
                        "\(seen.output)")
                }
            }

            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            let worker = try WorkerProcess(
                ["run"], environment: environment("build-worker", password, Stage.looking(["SPOOL_DIRECTORY": spool])))
            try await worker.waitUntilConsuming()
            func publish(_ image: String, build: Int) async throws {
                let message = Data(stage.start(build, image: image).serialized())
                let publish = try await WorkerProcess.run(
                    ["publish", "-"], environment: environment("controller"), input: message)
                #expect(publish.code == 0, "\(publish.errors)")
            }
            // One that runs and gets its timer, and one that is tried again: consumes, publishes, rejects.
            try await publish("fate/running:1", build: 1)
            try await publish("fate/bad-image:1", build: 2)
            try await eventually("both get their verdicts") {
                let state = try await stage.simulator.state()
                return state.hostname(1) != nil && state.status(2) == "FAILURE"
            }
            let unreadable = try await WorkerProcess.run(
                ["publish", "-"], environment: environment("controller"), input: Data("{".utf8))
            #expect(unreadable.code == 0, "\(unreadable.errors)")
            func parked(_ user: String, _ password: String = password) async throws -> (
                code: Int32, output: String, errors: String
            ) {
                try await WorkerProcess.run(["parked", "list"], environment: environment(user, password))
            }
            try await eventually("it is parked, and the worker's user may look at it") {
                let list = try await parked("build-worker")
                return list.code == 0 && list.output.contains("from builds")
            }
            try await worker.terminate()

            let apply = try await WorkerProcess.run(
                ["topology", "apply"], environment: environment("build-worker", password, ["RABBITMQ_QUEUE": "mine"]))
            #expect(
                apply.code != 0 && apply.errors.contains("ACCESS_REFUSED"),
                "the worker declares nothing: \(apply.errors)")
            let past = try await WorkerProcess.run(
                ["publish", "-"],
                environment: environment("build-worker", password, ["RABBITMQ_EXCHANGE": "amq.fanout"]),
                input: Data("{}".utf8))
            #expect(past.code != 0, "the worker publishes to its exchange alone")
            let reads = try await parked("controller")
            #expect(
                reads.code == 1 && reads.errors.contains("cannot be looked at"),
                "a controller reads no queue, and is told so: \(reads.errors)")
            try await broker.stop()
        }
    }
}
