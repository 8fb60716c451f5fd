internal import BuildWorker
internal import ChaosModel
internal import Clients
internal import Foundation
internal import RabbitMQ
internal import Support
internal import Synchronization
internal import TestSupport

/// One attack's stage: queues of its own, a simulated cluster, a worker, and what it must not touch.
final class Scene: Sendable {
    /// What must be shown nowhere. Letters that no mutation makes.
    enum Canary {
        static let build = "hostile-build-token-91be", cluster = "hostile-cluster-token-2c7d",
            broker = "hostile-broker-password-55aa"
        static let header = "hostile-header-secret-e01f", member = "hostile-member-secret-7d3c",
            variable = "hostile-variable-secret-08cf"
        static let all = [build, cluster, broker, header, member, variable]
    }

    let broker: Broker
    let simulator: Simulator
    let queues = Queues()
    let target: Target
    let directory: URL
    private let publisher: PublishingConnection
    private let supervision: Task<Void, any Error>
    private let plant: Plant?
    private let evidence: Mutex<AttackEvidence>
    private let canaries: [URL]
    private let untouched: [String?]
    private static let began = ContinuousClock.now
    private static let user = "hostile"

    static func say(_ text: String) {
        FileHandle.standardError.write(
            Data((String(format: "%6.1f s  ", (ContinuousClock.now - self.began) / .seconds(1)) + text + "\n").utf8))
    }

    static func addUser(to broker: Broker) async throws {
        try await broker.ctl("add_user", self.user, Canary.broker)
        try await broker.ctl("set_permissions", "-p", "/", self.user, ".*", ".*", ".*")
    }

    init(_ broker: Broker, _ box: WorkerBox, logs: URL, plant: Plant?, _ attack: Attack) async throws {
        let name = attack.name.replacing(" ", with: "-")
        (self.broker, self.plant) = (broker, plant)
        self.simulator = try await Simulator.start("--token", Canary.cluster, "--namespace", "builds")
        self.directory = Surroundings.directory.appendingPathComponent(Surroundings.newName(name))
        let cache = self.directory.appendingPathComponent("cache")
        try FileManager.default.createDirectory(at: cache, withIntermediateDirectories: true)
        let victim = self.directory.appendingPathComponent("victim")
        self.canaries = [victim] + ["canary", "canary-2", "new"].map(victim.appendingPathComponent)
        try FileManager.default.createDirectory(at: victim, withIntermediateDirectories: true)
        for file in self.canaries[1...2] { try Data("precious".utf8).write(to: file) }
        self.untouched = self.canaries.map(Self.look)
        let environment = [
            "RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": String(broker.port), "RABBITMQ_PASSWORD": Canary.broker,
            "RABBITMQ_USERNAME": Self.user,
            "RABBITMQ_VIRTUAL_HOST": "/", "RABBITMQ_QUEUE": self.queues.build, "RABBITMQ_RETRYQUEUE": self.queues.retry,
            "RABBITMQ_EXCHANGE": self.queues.exchange, "RABBITMQ_RETRY_DELAY_SECONDS": "1",
            "RABBITMQ_BUILD_INIT_TIMEOUT": String(2.0 / 60),
            "RABBITMQ_VERIFY_LIMIT": "2", "RABBITMQ_HEAL_TIMEOUT": "3", "RABBITMQ_MSG_REPROCESS_LIMIT": "2",
            "RABBITMQ_CONNECT_OPTIONS": #"{"heartbeatIntervalInSeconds":4,"reconnectTimeInSeconds":1}"#,
            "K8S_HOST": self.simulator.kubernetes, "K8S_TOKEN": Canary.cluster, "K8S_JOBS_NAMESPACE": "builds",
            "ECOSYSTEM_API": self.simulator.api,
            "ECOSYSTEM_API_HOSTS": "127.0.0.1", "REQUEST_RETRYDELAY": "100", "CIRCUIT_TIMEOUT": "3000",
            "DRAIN_TIMEOUT": "30", "LOG_LEVEL": "debug",
            "CACHE_STRATEGY": "disk", "CACHE_PATH": cache.path,
            "SPOOL_DIRECTORY": self.directory.appendingPathComponent("spool").path,
            "HOSTNAME": "worker-0", "SOME_SECRET": Canary.variable,
            // As in the image.
            "MALLOC_ARENA_MAX": "2",
            "BUILD_WORKER_CONFIG_DIR": Surroundings.sourceRoot.appendingPathComponent("Config").path,
        ].merging(attack.variables) { $1 }.merging(plant?.variables ?? [:]) { $1 }
        var options = broker.options(self.queues)
        options.initTimeout = .seconds(2)
        let administration = try TopologyAdministration(options)
        guard try administration.apply(isPlan: false).isComplete else {
            throw NotInTime(description: "the queues were not made")
        }
        administration.close()
        self.publisher = PublishingConnection(AMQPEndpoint(options, connectionName: "attacker")) { _ in }
        self.publisher.start()
        let target = try Target(environment, box, logs: logs.appendingPathComponent(name))
        if attack.startsWorker { try await target.start() }
        self.target = target
        self.supervision = Task { do { try await target.supervise() } catch is CancellationError {} }
        var evidence = AttackEvidence(attack.name, memoryLimit: box.memory)
        evidence.secrets = Canary.all
        self.evidence = Mutex(evidence)
    }

    var victim: URL { self.canaries[0] }

    /// What a file or directory is like.
    private static func look(_ file: URL) -> String? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file.path) else { return nil }
        let content =
            (try? FileManager.default.contentsOfDirectory(atPath: file.path).sorted().joined(separator: " "))
            ?? (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return "\(content) \(String(attributes[.posixPermissions] as? Int ?? 0, radix: 8))"
    }

    func note(_ body: (inout AttackEvidence) -> Void) { self.evidence.withLock { body(&$0) } }
    func complain(_ text: String) { self.note { $0.complaints.append(text) } }
    func tried(_ words: String, _ count: Int) { self.note { ($0.tried, $0.count) = (words, count) } }

    func waitUntilReady() async throws {
        do {
            try await eventually("the worker is ready", within: .seconds(60)) { await self.target.isReady() }
        } catch is NotInTime { self.complain("the worker is not ready after 60 s") }
    }

    // MARK: Messages

    func start(_ build: Int, image: String = "fate/running:1", apiURI: String? = nil) -> JSONValue {
        [
            "job": "start",
            "buildConfig": [
                "buildId": .number(String(build)), "jobId": .number(String(build + 1_000_000_000)), "jobName": "main",
                "eventId": 77,
                "pipeline": ["id": 4242, "name": "acme/shop", "scmContext": "github:github.com"],
                "annotations": ["screwdriver.cd/cpu": "LOW", "screwdriver.cd/ram": "LOW"],
                "apiUri": .string(apiURI ?? self.simulator.api), "container": .string(image),
                "token": .string(BuildToken.make(build, secret: Canary.build)), "padding": "................",
                "env": [
                    ["padding": "................"], ["name": "SSH_KEY", "value": .string(Canary.member)],
                    ["padding": "................"],
                ],
            ],
        ]
    }

    /// Kept as published once it is confirmed.
    func publish(_ id: Int, _ body: [UInt8], headers: AMQPTable = [:], to queue: String? = nil) async throws {
        var message = OutgoingMessage(
            exchange: self.queues.exchange, routingKey: queue ?? self.queues.build, body: body)
        message.properties.contentType = "application/json"
        message.properties.headers = headers
        message.properties.headers[Self.idHeader] = .int64(Int64(id))
        for _ in 1...50 {
            if await self.publisher.publish(message) == .confirmed {
                let record = AttackEvidence.Message(
                    id: id, body: Data(body), key: Self.key(body, message.properties.headers))
                return self.note { $0.published.append(record) }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw NotInTime(description: "message \(id) was not confirmed")
    }

    private static let idHeader = "x-hostile-id"

    /// As the worker reads it: what is judged is what became of it, not whether it should be readable.
    /// One that says that it is parked already tells its build, and is not named.
    private static func key(_ body: [UInt8], _ headers: AMQPTable) -> String? {
        guard body.count <= 1 << 20, let message = try? BuildMessage(decoding: body) else { return nil }
        if headers["x-poison-crashes"]?.integer ?? 0 > 0 {
            if case .clear = message.job { return "clear " }
            return "unread "
        }
        return switch message.job {
        case .start(let build): "start \(build.buildID)"
        case .stop(let build): "stop \(build.buildID)"
        case .verify(let build): "verify \(build.buildID)"
        case .clear: "clear "
        }
    }

    /// A build that means no harm is started, whatever goes on.
    func expectStart(of build: Int, within limit: Duration) async throws {
        try await self.publish(build, self.start(build).serialized())
        do {
            try await eventually("the build is started", within: limit) {
                try await self.simulator.state().hostname(build) != nil
            }
        } catch is NotInTime { self.complain("build \(build), which means no harm, was not started within \(limit)") }
    }

    /// Until the queues but the parked one are empty, or time is up: what is left then is found in them.
    func waitForRest(within limit: Duration) async throws {
        let names = [
            self.queues.build, self.queues.wait, self.queues.retry, self.queues.retryWait, self.queues.initTimers,
        ]
        var calm = 0
        do {
            try await eventually("all is settled", within: limit) {
                try await Task.sleep(for: .milliseconds(500))
                calm = try self.broker.depths(names).allSatisfy { $0 ?? 0 == 0 } ? calm + 1 : 0
                return calm >= 6
            }
        } catch is NotInTime {}
    }

    // MARK: What is left

    func gather() async throws -> AttackEvidence {
        if self.plant == .crash {
            await self.target.kill(SIGKILL)
            try await eventually("it is started again") { await self.target.ends.count > 0 }
            try await self.waitUntilReady()
        }
        var shown: [String: Data] = [:]
        for (name, path, isPage) in [
            ("/metrics", "/metrics", false), ("/readyz", "/readyz", false), ("/status", "/status", true),
            ("the page", "/", true),
        ] {
            do { shown[name] = try await self.target.get(path, isPage: isPage).text } catch {}
        }
        let isRunning = await self.target.isRunning
        self.supervision.cancel()
        _ = await self.supervision.result
        try await self.target.stop()
        let parked = try await self.target.command(["parked", "list"])
        shown["parked list"] = parked
        for line in String(decoding: parked, as: UTF8.self).split(separator: "\n").shuffled().prefix(4) {
            guard let id = line.split(separator: " ").first else { continue }
            shown["parked show"] =
                try await (shown["parked show"] ?? Data()) + self.target.command(["parked", "show", String(id)])
        }
        for words in [["reports", "list"], ["spool", "list"], ["config"]] {
            shown[words.joined(separator: " ")] = try await self.target.command(words)
        }
        for file in self.target.files() { shown[file.lastPathComponent] = try Data(contentsOf: file) }
        if self.plant == .leak, let log = shown.keys.first(where: { $0.hasSuffix(".out") }) {
            shown[log]?.append(Data(Canary.build.utf8))
        }
        var remains = try await self.take()
        if self.plant == .lostMessage, let message = self.evidence.withLock({ $0.published.first { $0.key == nil } }) {
            // Of one whose headers nobody can read the body alone is known.
            remains = remains.filter { $0.id != message.id && $0.body != message.body }
        }
        if self.plant == .outside { try Data("changed".utf8).write(to: self.canaries[1]) }
        let (ends, peak) = await (self.target.ends, self.target.peak)
        let logs = shown.filter { $0.key.hasSuffix(".out") }.values
        self.note { evidence in
            (evidence.ends, evidence.peak, evidence.hasWorkerAtEnd) = (ends, peak, isRunning)
            (evidence.shown, evidence.remains, evidence.outcomes) = (shown, remains, Self.outcomes(logs))
            for (file, before) in zip(self.canaries, self.untouched) {
                evidence.canaries[file.path.replacing(self.directory.path, with: "")] = (before, Self.look(file))
            }
        }
        self.publisher.stop()
        self.simulator.stop()
        return self.evidence.withLock { $0 }
    }

    /// All that is in the queues, until nothing comes any more: what waits becomes ready meanwhile. Few at a time, so that large ones are not
    /// all here at once.
    private func take() async throws -> Set<AttackEvidence.Remains> {
        let queues = [
            self.queues.build, self.queues.wait, self.queues.retry, self.queues.retryWait, self.queues.initTimers,
            self.queues.parked,
        ]
        let connection = ConsumingConnection(
            AMQPEndpoint(self.broker.options(self.queues), connectionName: "judge"), queues: queues, prefetch: 10,
            host: "judge"
        ) { _ in }
        connection.start()
        let last = Mutex(ContinuousClock.now)
        let watch = Task {
            while last.withLock({ ContinuousClock.now - $0 < .seconds(4) }) {
                try await Task.sleep(for: .milliseconds(200))
            }
            connection.drain()
        }
        var remains: Set<AttackEvidence.Remains> = []
        for await delivery in connection.deliveries {
            last.withLock { $0 = .now }
            remains.insert(
                .init(
                    id: delivery.properties.headers[Self.idHeader]?.integer,
                    body: delivery.body.count > 1 << 20 ? Data() : Data(delivery.body)))
            connection.settle(delivery.tag, as: .ack)
        }
        _ = await watch.result
        connection.stop()
        await connection.waitUntilStopped()
        return remains
    }

    /// The sentences that operators grep.
    private static func outcomes(_ logs: some Collection<Data>) -> [String: Int] {
        var outcomes: [String: Int] = [:]
        for log in logs {
            for piece in String(decoding: log, as: UTF8.self).components(separatedBy: #""acknowledge, "#).dropFirst()
            where !piece.hasPrefix("clear") {
                guard let match = piece.prefix(while: { $0 != "\n" }).firstMatch(of: /, jobType: (\w+), buildId: (\d*)/)
                else { continue }
                guard match.output.1 != "unread" || !piece.prefix(while: { $0 != "\n" }).contains("result: parked")
                else {
                    continue
                }
                outcomes["\(match.output.1) \(match.output.2)", default: 0] += 1
            }
        }
        return outcomes
    }
}
