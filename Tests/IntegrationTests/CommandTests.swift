import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support
@testable import Workflow

extension Integration {
    /// The commands an operator types.
    @Suite(.simulatedClusterOnly("the command line, the broker and files")) struct CommandTests {
        @Test func topologyIsAppliedAndChecked() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let fresh = stage.environment([
                "RABBITMQ_QUEUE": "\(stage.queues.build)x", "RABBITMQ_RETRYQUEUE": "\(stage.queues.build)x.retry",
                "RABBITMQ_EXCHANGE": "\(stage.queues.build)x",
            ])
            var check = try await WorkerProcess.run(["topology", "check"], environment: fresh)
            #expect(check.code == 1)
            #expect(check.output.contains("missing"))
            let apply = try await WorkerProcess.run(["topology", "apply"], environment: fresh)
            #expect(apply.code == 0, "\(apply.errors)")
            check = try await WorkerProcess.run(["topology", "check"], environment: fresh)
            #expect(check.code == 0, "\(check.output)")
            let again = try await WorkerProcess.run(["topology", "apply"], environment: fresh)
            #expect(again.code == 0, "applying twice changes nothing")
            let print = try await WorkerProcess.run(["topology", "print"], environment: fresh)
            #expect(try JSONValue(parsing: print.output)["queues"]?.array?.count == 6)
        }

        /// `/proc/PID/environ` is there for every program of the worker's user, the operator's command among them.
        @Test func theEnvironmentHoldsNoSecretAnyMore() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let secrets = [
                "K8S_TOKEN": "verySecret-1", "ECOSYSTEM_PROXY": "",
                "NODE_CONFIG": #"{"rabbitmq":{"messageReprocessLimit":4}}"#,
            ]
            let environment = stage.environment(secrets)
            let worker = try stage.startWorker(["run"], secrets)
            try await worker.waitUntilConsuming()
            let pid = try #require(try worker.log().first { $0["pid"] != nil }?["pid"]?.integer)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/environ"))
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.contains("RABBITMQ_QUEUE=\(stage.queues.build)"), "this is the worker's environment")
            for name in ["K8S_TOKEN", "NODE_CONFIG", "RABBITMQ_PASSWORD"] {
                let value = try #require(environment[name], "\(name)")
                #expect(!value.isEmpty && !text.contains("\(name)=\(value)"), "\(name)")
            }
            try await worker.terminate()
        }

        @Test func topologyOfTheOriginalIsExplained() async throws {
            let stage = try await Stage.set(.upstream)
            defer { stage.clear() }
            let check = try await WorkerProcess.run(["topology", "check"], environment: stage.environment())
            #expect(check.code == 0, "it works, with warnings: \(check.output)")
            let queues = stage.queues
            for words in [
                "queue \(queues.build): x-queue-type is not set, should be 'quorum': a classic queue is away, or lost, with its node",
                "queue \(queues.build): x-dead-letter-routing-key is '\(queues.build)dlr', should be '\(queues.wait)'",
                "queue \(queues.wait): missing: \(queues.build)dlr is in its place",
                "queue \(queues.build)dlr: x-queue-type is not set",
                "queue \(queues.retryWait): missing: \(queues.retry)dlr is in its place",
                "queue \(queues.initTimers): missing: init timers are kept in the worker's memory and on its own disk",
                "queue \(queues.parked): missing: unreadable messages are dropped",
            ] { #expect(check.output.contains("WARNING \(words)"), "\(words)\nis not in\n\(check.output)") }
            // Its wait is the worker's.
            #expect(!check.output.contains("\(queues.build)dlr: x-message-ttl"))
            #expect(
                !check.output.contains("x-overflow") && !check.output.contains("x-dead-letter-strategy"),
                "one line says that it is classic")
        }

        /// As many have it: messages expire after eight hours, and so does the wait in the queue beside it. The broker drops what goes
        /// round such a cycle without a rejection.
        @Test func theDangersOfTheOriginalsTopologyAreProblems() async throws {
            let stage = try await Stage.set(.upstream)
            defer { stage.clear() }
            func check(_ arguments: AMQPTable) async throws -> String {
                let queue = Surroundings.newName("q")
                let administration = try TopologyAdministration(stage.broker.options(stage.queues))
                defer { administration.close() }
                var topology = Topology.upstream(Queues(queue))
                topology.queues = topology.queues.map { $0.name == queue ? $0.with(arguments) : $0 }
                try administration.apply(topology)
                let names = Queues(queue)
                let check = try await WorkerProcess.run(
                    ["topology", "check"],
                    environment: stage.environment([
                        "RABBITMQ_QUEUE": queue, "RABBITMQ_RETRYQUEUE": names.retry,
                        "RABBITMQ_EXCHANGE": names.exchange,
                    ]))
                #expect(check.code == 1, "\(check.output)\(check.errors)")
                return check.output.replacingOccurrences(of: queue, with: "builds")
            }
            #expect(
                try await check(["x-message-ttl": .int64(60_000)]).contains(
                    "PROBLEM queue builds: x-message-ttl is '60000', should not be set: messages that expire here and come back without having been rejected are dropped"
                ))
            #expect(
                try await check(["x-max-length": .int64(1000)]).contains(
                    "PROBLEM queue builds: x-max-length is '1000', should not be set: when it is full"))
            #expect(
                try await check(["x-expires": .int64(86_400_000)]).contains(
                    "PROBLEM queue builds: x-expires is '86400000', should not be set: the queue deletes itself"))
        }

        @Test func anUnreachableBrokerIsSaidSo() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let environment = stage.environment(["RABBITMQ_PORT": "1"])
            let check = try await WorkerProcess.run(["topology", "check"], environment: environment)
            #expect(check.code == 69)
            #expect(check.errors.contains("127.0.0.1:1"))
        }

        @Test func parkedMessagesAreSeenRetriedAndDropped() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            var unknown = stage.start(7, image: "fate/running:1")
            unknown["job"] = "explode"
            try await stage.publish(unknown, headers: ["x-mine": "kept", "CC": .array(["elsewhere"])])
            try await stage.publish(Array("{not json".utf8))
            try await eventually("both are parked") { try stage.depth(\.parked) == 2 }
            try await worker.terminate()

            func parked(_ arguments: String...) async throws -> (code: Int32, output: String, errors: String) {
                try await WorkerProcess.run(["parked"] + arguments, environment: stage.environment())
            }
            let list = try await parked("list")
            #expect(list.code == 0, "\(list.errors)")
            let lines = list.output.split(separator: "\n")
            #expect(lines.count == 2)
            let id = String(try #require(lines.first { $0.contains("unknown-job") }).prefix(12))
            let broken = String(try #require(lines.first { $0.contains("malformed-json") }).prefix(12))
            let show = try await parked("show", id)
            #expect(
                show.output.contains("\"explode\"") && show.output.contains("x-original-cc")
                    && show.output.contains("\"x-mine\": \"<redacted>\""))
            #expect(!show.output.contains(Stage.secret), "show hides tokens")
            let raw = try await parked("show", "--raw", id)
            #expect(
                raw.output == String(decoding: unknown.serialized(), as: UTF8.self), "--raw is the body, byte for byte")
            #expect(try await parked("list").output == list.output, "looking changes nothing")

            #expect(try await parked("drop", broken).code == 64, "drop asks for a reason")
            let drop = try await parked("drop", "--reason", "a test of ours", broken)
            #expect(drop.code == 0 && drop.output.contains("a test of ours"), "\(drop.errors)")
            #expect(try await parked("drop", "--reason", "again", broken).code == 1, "what is gone is not parked")
            let retry = try await parked("retry", "--all")
            #expect(retry.code == 0 && retry.output.contains("retried \(id)"), "\(retry.errors)")
            try await eventually("it is back at work") { try stage.depth(\.build) == 1 && stage.depth(\.parked) == 0 }
            let delivery = try #require(try await stage.take(1, from: stage.queues.build).first)
            #expect(delivery.body == unknown.serialized())
            #expect(delivery.properties.headers["x-mine"]?.text == "kept")
            let history = delivery.properties.headers[Header.parkedHistory]?.array?.first?.table
            #expect(history?[Header.parkedReason]?.text == "unknown-job")
            #expect(
                delivery.properties.headers[Header.parkedReason] == nil && delivery.properties.headers["x-death"] == nil
            )
        }

        @Test func publishIsConfirmed() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let message = Data(stage.start(1, image: "fate/running:1").serialized())
            let published = try await WorkerProcess.run(
                ["publish", "-"], environment: stage.environment(), input: message)
            #expect(published.code == 0, "\(published.errors)")
            #expect(try stage.depth(\.build) == 1)
            let file = Surroundings.directory.appendingPathComponent(Surroundings.newName("message"))
            try message.write(to: file)
            let elsewhere = try await WorkerProcess.run(
                ["publish", "--queue", stage.queues.retry, file.path], environment: stage.environment())
            #expect(elsewhere.code == 0, "\(elsewhere.errors)")
            #expect(try stage.depth(\.retry) == 1)
            let nowhere = try await WorkerProcess.run(
                ["publish", "--queue", "nowhere", file.path], environment: stage.environment())
            #expect(nowhere.code == 1)
            #expect(nowhere.errors.contains("nowhere"))
        }

        @Test func podPrintsWhatAStartWouldMake() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let message = Data(stage.start(4711, image: "node:22").serialized())
            let pod = try await WorkerProcess.run(["pod", "-"], environment: stage.environment(), input: message)
            #expect(pod.code == 0, "\(pod.errors)")
            let document = try JSONValue(parsing: pod.output)
            #expect(document["kind"]?.string == "Pod")
            #expect(document[path: "metadata", "name"]?.string == PodName.of(BuildID(rawValue: 4711), prefix: ""))
            let bad = try await WorkerProcess.run(
                ["pod", "-"], environment: stage.environment(), input: Data("{}".utf8))
            #expect(bad.code == 65)
            #expect(bad.errors.contains("job"))
        }

        @Test func badConfigurationNamesEveryProblemAtOnce() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let environment = stage.environment([
                "RABBITMQ_PORT": "many", "RABBITMQ_PREFETCH_COUNT": "0", "K8S_NODE_SELECTORS": "{",
                "RABBITMQ_PASSWORD": "made-up-secret", "EXECUTOR_PLUGIN": "k8s-vm", "K8S_BASE_IMAGE": "",
            ])
            for command in [["run"], ["config"], ["topology", "check"]] {
                let result = try await WorkerProcess.run(command, environment: environment)
                #expect(result.code == 78)
                for name in ["RABBITMQ_PORT", "RABBITMQ_PREFETCH_COUNT", "K8S_NODE_SELECTORS", "EXECUTOR_PLUGIN"] {
                    #expect(result.errors.contains(name), "\(command) does not name \(name): \(result.errors)")
                }
                #expect(!(result.errors + result.output).contains("made-up-secret"))
            }
        }

        @Test func configShowsValuesAndWhereTheyComeFrom() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let config = try await WorkerProcess.run(
                ["config"], environment: stage.environment(["RABBITMQ_PASSWORD": "made-up-secret"]))
            #expect(config.code == 0, "\(config.errors)")
            #expect(config.output.contains("RABBITMQ_PREFETCH_COUNT"))
            #expect(config.output.contains("<redacted>"))
            #expect(!config.output.contains("made-up-secret"))
        }

        /// Each names the file, the setting, and what is wrong with it.
        @Test(
            arguments: ["K8S_CA_FILE", "ECOSYSTEM_CA_FILE", "K8S_CLIENT_CERT_FILE", "K8S_CLIENT_KEY_FILE"],
            ["missing", "empty", "other"])
        func aFileForTLSThatCannotBeUsedStopsTheStart(variable: String, what: String) async throws {
            let file = Surroundings.directory.appendingPathComponent(Surroundings.newName(what))
            if what != "missing" { try Data((what == "empty" ? "" : "-----BEGIN NOTHING-----\n").utf8).write(to: file) }
            let stage = try await Stage.set()
            defer { stage.clear() }
            let environment = ["K8S_HOST": "https://localhost", variable: file.path]
            let result = try await WorkerProcess.run(["run"], environment: stage.environment(environment))
            #expect(result.code == 78)
            for word in [variable, file.path, what == "missing" ? "cannot be read" : "holds no"] {
                #expect(result.errors.contains(word), "\(word) is not in \(result.errors)")
            }
        }

        @Test func comparesWithTheOriginal() async throws {
            let environment = [
                "PORT": "80", "EXECUTOR_JENKINS_PASSWORD": "hunter2",
                "NODE_CONFIG": #"{"rabbitmq":{"messageReprocessLimit":3}}"#,
            ]
            let text = try await WorkerProcess.run(["config", "--compare", "original"], environment: environment)
            #expect(text.code == 0 && text.output.contains("as before: RABBITMQ_RETRYQUEUE_ENABLED=false"), "\(text)")
            #expect(
                !text.output.contains("PORT=80") && !text.output.contains("REPROCESS_LIMIT")
                    && !"\(text)".contains("hunter2"))
            let json = try await WorkerProcess.run(
                ["config", "--compare", "original", "--format", "json"], environment: environment)
            let document = try JSONValue(parsing: json.output)
            #expect(document["differences"]?.array?.first?["variable"] == "RABBITMQ_RETRYQUEUE_ENABLED")
            #expect(document["unused"]?.array?.count == 1)
        }

        /// Every command there is, and its help on a terminal of 80 columns: no line is longer, and no line of a paragraph breaks off where the
        /// next word had room.
        @Test func helpTeaches() async throws {
            var commands: [[String]] = [[]]
            var seen = 0
            while let command = commands.popLast() {
                let help = try await WorkerProcess.run(command + ["--help"], environment: ["COLUMNS": "80"])
                #expect(help.code == 0 && help.output.contains("OVERVIEW"), "\(command)")
                seen += 1
                let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
                for line in lines { #expect(line.count <= 80, "\(command): \(line)") }
                for (line, next) in zip(lines.prefix { !$0.hasPrefix("USAGE:") }, lines.dropFirst())
                where !line.isEmpty && next.first?.isWhitespace == false {
                    #expect(line.count + 1 + next.prefix { $0 != " " }.count >= 80, "\(command) breaks off: \(line)")
                }
                let subcommands = lines.drop { $0 != "SUBCOMMANDS:" }.dropFirst().prefix { !$0.isEmpty }
                commands += subcommands.compactMap {
                    $0.prefixMatch(of: /\s\s([a-z]+)/).map { command + [String($0.output.1)] }
                }
            }
            #expect(seen > 25, "\(seen) commands were found")
        }
    }
}
