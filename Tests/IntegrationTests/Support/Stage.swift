import Foundation
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

/// A broker's queues, a simulator and workers of one test.
final class Stage: Sendable {
    enum Layout: String, Sendable, CaseIterable {
        /// As `worker topology apply` makes it.
        case quorum
        /// The same with classic queues.
        case classic
        /// As administrators of the original have it: classic, `<queue>` and `<queue>dlr` dead-lettering to each other, nothing else.
        case upstream
        /// As the official guide of the original has it (``GuideDefinitions``).
        case guide
    }

    let broker: Broker
    let simulator: Simulator
    /// Where builds' pods are made: in a real cluster this test's own.
    let namespace: String
    /// The worker's, for the cluster.
    let clusterToken: String
    let initTimeout: Duration
    let queues = Queues()
    let publisher: PublishingConnection
    /// The last of the simulator's stops that was published.
    private let lastStop = Mutex(0)
    /// For a worker that asks how a pod does, so that a fault can hold its deliveries there. Others read that in the answer to the pod's
    /// creation.
    static func looking(_ environment: [String: String] = [:]) -> [String: String] {
        environment.merging(["K8S_POD_STATUSQUERY_DELAY": "1"]) { $1 }
    }
    /// Stands in every build's token.
    static let secret = "made-up-build-token-4f1c"
    static func token(_ build: Int) -> String { BuildToken.make(build, secret: Self.secret) }

    /// - Parameters:
    ///   - initTimeout: of the init queue and the worker alike; long for tests that count timers.
    ///   - rules: of the worker's role in a real cluster, if not those that are shipped.
    static func set(
        _ layout: Layout = .quorum, broker: Broker? = nil, initTimeout: Duration = .seconds(2), rules: JSONValue? = nil
    ) async throws -> Stage {
        let node: Broker
        if let broker { node = broker } else { node = try await Broker.shared() }
        let stage = try await Self.make(node, initTimeout, rules)
        try await stage.declare(layout)
        stage.publisher.start()
        return stage
    }

    private static func make(_ node: Broker, _ initTimeout: Duration, _ rules: JSONValue?) async throws -> Stage {
        guard let cluster = RealCluster.current else {
            return Stage(
                node, try await Simulator.start(), namespace: "builds", clusterToken: "made-up-cluster-token-77aa",
                initTimeout)
        }
        let namespace = try await cluster.makeNamespace(rules: rules)
        let simulator = try await Simulator.start(before: cluster, namespace: namespace)
        return Stage(node, simulator, namespace: namespace, clusterToken: try await cluster.workerToken(), initTimeout)
    }

    private init(
        _ broker: Broker, _ simulator: Simulator, namespace: String, clusterToken: String, _ initTimeout: Duration
    ) {
        (self.broker, self.simulator, self.initTimeout) = (broker, simulator, initTimeout)
        (self.namespace, self.clusterToken) = (namespace, clusterToken)
        self.publisher = PublishingConnection(
            AMQPEndpoint(broker.options(self.queues), connectionName: "test publisher")
        ) { _ in }
    }

    /// Ends the processes. Queues stay: their names are this test's own.
    func clear() {
        self.publisher.stop()
        self.simulator.stop()
    }

    func declare(_ layout: Layout) async throws {
        if layout == .guide {
            var guide = GuideDefinitions(self.queues)
            (guide.retryDelay, guide.policyDelay) = (1, 1)
            return try await guide.load(into: self.broker)
        }
        var options = self.broker.options(self.queues)
        options.initTimeout = self.initTimeout
        let administration = try TopologyAdministration(options)
        defer { administration.close() }
        switch layout {
        case .quorum: #expect(try administration.apply(isPlan: false).isComplete)
        case .classic: try administration.apply(Topology(options).asClassicQueues)
        case .upstream: try administration.apply(Topology.upstream(self.queues))
        case .guide: break
        }
    }

    func environment(_ more: [String: String] = [:]) -> [String: String] {
        [
            "RABBITMQ_HOST": self.broker.hosts.joined(separator: ","), "RABBITMQ_PORT": String(self.broker.port),
            "RABBITMQ_USERNAME": "guest", "RABBITMQ_PASSWORD": "guest",
            "RABBITMQ_VIRTUAL_HOST": "/", "RABBITMQ_QUEUE": self.queues.build, "RABBITMQ_RETRYQUEUE": self.queues.retry,
            "RABBITMQ_EXCHANGE": self.queues.exchange, "RABBITMQ_RETRY_DELAY_SECONDS": "1",
            "RABBITMQ_BUILD_INIT_TIMEOUT": "\(self.initTimeout / .seconds(60))", "RABBITMQ_VERIFY_LIMIT": "3",
            "K8S_HOST": self.simulator.kubernetes, "K8S_TOKEN": self.clusterToken, "K8S_JOBS_NAMESPACE": self.namespace,
            "ECOSYSTEM_API": self.simulator.api, "REQUEST_RETRYDELAY": "100", "PORT": "0", "STATUS_PORT": "0",
            "LOG_LEVEL": "debug",
            "BUILD_WORKER_CONFIG_DIR": Surroundings.sourceRoot.appendingPathComponent("Config").path,
        ].merging(more) { $1 }
    }

    func startWorker(_ arguments: [String] = ["run"], _ environment: [String: String] = [:], openFiles: String? = nil)
        throws -> WorkerProcess
    {
        let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
        return try WorkerProcess(
            arguments, environment: self.environment(["SPOOL_DIRECTORY": spool].merging(environment) { $1 }),
            openFiles: openFiles)
    }

    // MARK: Messages

    func start(_ build: Int, image: String, apiURI: String? = nil) -> JSONValue {
        [
            "job": "start",
            "buildConfig": [
                "buildId": .number(String(build)), "jobId": .number(String(build + 1_000_000)), "jobName": "main",
                "eventId": 77,
                "pipeline": ["id": 4242, "name": "acme/shop", "scmContext": "github:github.com"], "annotations": [:],
                "apiUri": .string(apiURI ?? self.simulator.api), "container": .string(image),
                "token": .string(Self.token(build)),
                "somethingNew": ["kept": true],
            ],
        ]
    }

    func stop(_ build: Int) -> JSONValue {
        ["job": "stop", "buildConfig": ["buildId": .number(String(build)), "jobName": "main"]]
    }

    /// Publishes a `stop` for every build that has ended since the last call, as the controller does whoever ended it. Tests that do not
    /// ask for it keep the pods of ended builds.
    func publishStops() async throws {
        for stop in try await self.simulator.stops(after: self.lastStop.withLock { $0 }) {
            var message = self.start(stop.build, image: "")
            message["job"] = "stop"
            message["buildConfig"]?["container"] = nil
            try await self.publish(message)
            self.lastStop.withLock { $0 = stop.number }
        }
    }

    func publish(_ message: JSONValue, to queue: String? = nil, headers: AMQPTable = [:]) async throws {
        try await self.publish(message.serialized(), to: queue, headers: headers)
    }

    func publish(_ body: [UInt8], to queue: String? = nil, headers: AMQPTable = [:]) async throws {
        var message = OutgoingMessage(
            exchange: self.queues.exchange, routingKey: queue ?? self.queues.build, body: body)
        message.properties.contentType = "application/json"
        message.properties.headers = headers
        let outcome = await self.publisher.publish(message)
        #expect(outcome == .confirmed)
    }

    // MARK: Looking

    func depth(_ queue: KeyPath<Queues, String>) throws -> Int {
        try self.broker.depth(self.queues[keyPath: queue]) ?? -1
    }

    /// Work and wait queues are empty: what is left are timers and parked messages.
    func isSettled() throws -> Bool {
        try self.broker.depths([self.queues.build, self.queues.wait, self.queues.retry, self.queues.retryWait])
            .allSatisfy { $0 ?? 0 == 0 }
    }

    /// Takes what is in a queue, for looking at it.
    func take(_ count: Int, from queue: String) async throws -> [Delivery] {
        let connection = ConsumingConnection(
            AMQPEndpoint(self.broker.options(self.queues), connectionName: "test reader"), queues: [queue],
            prefetch: count, host: "test"
        ) { _ in }
        connection.start()
        defer { connection.stop() }
        var deliveries: [Delivery] = []
        for await delivery in connection.deliveries {
            deliveries.append(delivery)
            if deliveries.count == count { break }
        }
        return deliveries
    }
}

extension Topology {
    var asClassicQueues: Topology {
        var copy = self
        copy.queues = self.queues.map { queue in
            var arguments = queue.arguments
            for name in ["x-queue-type", "x-dead-letter-strategy", "x-overflow"] { arguments[name] = nil }
            return Queue(name: queue.name, purpose: queue.purpose, arguments: arguments, withoutIt: queue.withoutIt)
        }
        return copy
    }

    /// As administrators of the original have it.
    static func upstream(_ queues: Queues) -> Topology {
        func pair(_ name: String) -> [Queue] {
            [
                Queue(
                    name: name, purpose: "",
                    arguments: ["x-dead-letter-exchange": "", "x-dead-letter-routing-key": .text("\(name)dlr")],
                    withoutIt: ""),
                Queue(
                    name: "\(name)dlr", purpose: "",
                    arguments: [
                        "x-dead-letter-exchange": "", "x-dead-letter-routing-key": .text(name),
                        "x-message-ttl": .int64(1000),
                    ], withoutIt: ""),
            ]
        }
        var options = RabbitMQOptions()
        options.exchange = queues.exchange
        var topology = Topology(options)
        topology.queues = pair(queues.build) + pair(queues.retry)
        return topology
    }
}

extension Topology.Queue {
    func with(_ more: AMQPTable) -> Topology.Queue {
        Topology.Queue(
            name: self.name, purpose: self.purpose, arguments: AMQPTable(self.arguments.fields + more.fields),
            withoutIt: self.withoutIt)
    }
}
