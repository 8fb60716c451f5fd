import Foundation
import Testing

@testable import BuildWorker

/// A private RabbitMQ node, by `scripts/private-broker`.
final class Broker: Sendable {
    private static let script = Surroundings.sourceRoot.appendingPathComponent("scripts/private-broker")

    let directory: URL
    let port: Int

    private init(directory: URL, port: Int) { (self.directory, self.port) = (directory, port) }

    static func start() async throws -> Broker {
        let directory = Surroundings.directory.appendingPathComponent(Surroundings.newName("broker"))
        let output = try await self.run(["start", directory.path])
        let port = output.split(separator: "\n").first { $0.hasPrefix("AMQP_PORT=") }.flatMap { Int($0.dropFirst("AMQP_PORT=".count)) }
        let broker = Broker(directory: directory, port: try #require(port, "private-broker printed: \(output)"))
        BrokerGuard.shared.started(directory)
        return broker
    }

    /// The node of all tests that do it no harm.
    static func shared() async throws -> Broker { try await Shared.task.value }

    private enum Shared {
        static let task = Task { try await Broker.start() }
    }

    @discardableResult
    private static func run(_ arguments: [String]) async throws -> String {
        let child = try ChildProcess(URL(fileURLWithPath: "/bin/bash"), [self.script.path] + arguments)
        let code = try await child.waitForExit(within: .seconds(120))
        guard code == 0 else { throw NotInTime(description: "private-broker \(arguments.joined(separator: " ")): \(code) \(child.errors)") }
        return child.output
    }

    func stop() async throws { try await Self.run(["stop", self.directory.path]) }
    func kill9() async throws { try await Self.run(["kill", self.directory.path]) }
    func restart() async throws { try await Self.run(["restart", self.directory.path]) }
    func pause() async throws { try await Self.run(["pause", self.directory.path]) }
    func resume() async throws { try await Self.run(["resume", self.directory.path]) }

    @discardableResult
    func ctl(_ arguments: String...) async throws -> String { try await Self.run(["ctl", self.directory.path] + arguments) }

    /// Publishes with headers larger than the worker's own connections would send.
    func publishRaw(_ body: [UInt8], headerBytes: Int, to queues: Queues) async throws {
        let endpoint = AMQPEndpoint(self.options(queues), connectionName: "raw")
        let socket = try AMQPSocket.open(endpoint, host: "127.0.0.1")
        defer { socket.close() }
        try socket.openConfirmChannel(1)
        var message = OutgoingMessage(exchange: queues.exchange, routingKey: queues.build, body: body)
        message.properties.headers = ["large": .bytes(Array(repeating: 0x61, count: headerBytes))]
        try socket.publish(message, on: 1)
        try await eventually("the broker confirms") {
            while let frame = try socket.nextFrame() { if case .ack = frame { return true } }
            return false
        }
    }

    func options(_ queues: Queues) -> RabbitMQOptions {
        var options = RabbitMQOptions()
        (options.username, options.password, options.port, options.vhost) = ("guest", Secret("guest"), self.port, "/")
        (options.queue, options.retryQueue, options.exchange) = (queues.build, queues.retry, queues.exchange)
        options.retryDelay = .seconds(1)
        options.initTimeout = .seconds(2)
        return options
    }

    /// Messages ready, by queue; `nil` where there is no such queue.
    func depth(_ queue: String) throws -> Int? {
        let administration = try TopologyAdministration(self.options(Queues()))
        defer { administration.close() }
        return try administration.depth(of: queue)
    }

    /// Messages handed out and not settled, over all queues whose name begins so.
    func unacked(prefix: String) async throws -> Int {
        try await self.ctl("list_queues", "name", "messages_unacknowledged", "--quiet").split(separator: "\n").reduce(0) { sum, line in
            let fields = line.split(separator: "\t")
            guard fields.count == 2, fields[0].hasPrefix(prefix) else { return sum }
            return sum + (Int(fields[1]) ?? 0)
        }
    }
}

/// Names of one test's own queues.
struct Queues: Sendable {
    let build: String
    var retry: String { "\(self.build).retry" }
    var exchange: String { "\(self.build).exchange" }
    var parked: String { "\(self.build).parked" }
    var wait: String { "\(self.build).wait" }
    var retryWait: String { "\(self.build).retry.wait" }
    var initTimers: String { "\(self.build).retry.init" }

    init() { self.build = Surroundings.newName("q") }
}

/// Ends what the run started, whatever way the run ends.
final class BrokerGuard: Sendable {
    static let shared = BrokerGuard()

    private init() {
        atexit { ChildProcess.killAll() }
    }

    /// A guardian outside this process: it stops the node when this process is gone, crashed or not.
    func started(_ directory: URL) {
        let script = Surroundings.sourceRoot.appendingPathComponent("scripts/private-broker").path
        let guardian = Process()
        guardian.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        guardian.arguments = [
            "/bin/bash", "-c", "while kill -0 \(getpid()) 2>/dev/null; do sleep 1; done; bash '\(script)' stop '\(directory.path)'; rm -rf '\(directory.path)';"
                // The last guardian finds the run's directory without brokers and takes it away.
                + " find '\(Surroundings.directory.path)' -mindepth 1 -maxdepth 1 ! -name 'broker-*' -exec rm -rf {} +; rmdir '\(Surroundings.directory.path)' 2>/dev/null",
        ]
        guardian.standardInput = FileHandle.nullDevice
        guardian.standardOutput = FileHandle.nullDevice
        guardian.standardError = FileHandle.nullDevice
        do { try guardian.run() } catch { Issue.record("cannot guard the broker: \(error)") }
    }
}
