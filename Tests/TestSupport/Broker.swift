internal import BuildWorker
package import Foundation
package import RabbitMQ
internal import Support

/// A private RabbitMQ node, by `scripts/private-broker`.
package final class Broker: Sendable {
    private static let script = Surroundings.sourceRoot.appendingPathComponent("scripts/private-broker")

    package let directory: URL
    /// Where it listens, and then where the other nodes of its cluster do.
    package let hosts: [String]
    package let port: Int
    /// Of the management API, where it was started with one.
    package let managementPort: Int?

    init(directory: URL, hosts: [String] = ["127.0.0.1"], port: Int, managementPort: Int? = nil) {
        (self.directory, self.hosts, self.port, self.managementPort) = (directory, hosts, port, managementPort)
    }

    package static func start(management: Bool = false) async throws -> Broker {
        let directory = Surroundings.directory.appendingPathComponent(Surroundings.newName("broker"))
        let output = try await self.run(["start", directory.path] + (management ? ["--management"] : []))
        func port(_ name: String) -> Int? {
            output.split(separator: "\n").first { $0.hasPrefix("\(name)=") }.flatMap {
                Int($0.dropFirst(name.count + 1))
            }
        }
        guard let amqp = port("AMQP_PORT") else { throw NotInTime(description: "private-broker printed: \(output)") }
        try BrokerGuard.shared.started(directory)
        return Broker(directory: directory, port: amqp, managementPort: port("MANAGEMENT_PORT"))
    }

    /// The node of all tests that do it no harm.
    package static func shared() async throws -> Broker { try await Shared.task.value }

    private enum Shared {
        static let task = Task { try await Broker.start() }
    }

    /// Runs `scripts/private-broker`.
    @discardableResult
    static func run(_ arguments: [String]) async throws -> String {
        let child = try ChildProcess(URL(fileURLWithPath: "/bin/bash"), [self.script.path] + arguments)
        let code = try await child.waitForExit(within: .seconds(420))
        guard code == 0 else {
            throw NotInTime(description: "private-broker \(arguments.joined(separator: " ")): \(code) \(child.errors)")
        }
        return child.output
    }

    package func stop() async throws { try await Self.run(["stop", self.directory.path]) }
    package func kill9() async throws { try await Self.run(["kill", self.directory.path]) }
    package func restart() async throws { try await Self.run(["restart", self.directory.path]) }
    package func pause() async throws { try await Self.run(["pause", self.directory.path]) }
    /// Cuts a node off from the others of its cluster, not from clients.
    package func isolate() async throws { try await Self.run(["isolate", self.directory.path]) }
    package func rejoin() async throws { try await Self.run(["rejoin", self.directory.path]) }
    package func resume() async throws { try await Self.run(["resume", self.directory.path]) }

    @discardableResult
    package func ctl(_ arguments: String...) async throws -> String {
        try await Self.run(["ctl", self.directory.path] + arguments)
    }

    package func options(_ queues: Queues) -> RabbitMQOptions {
        var options = RabbitMQOptions()
        (options.username, options.password, options.port, options.vhost) = ("guest", Secret("guest"), self.port, "/")
        options.hosts = self.hosts
        (options.queue, options.retryQueue, options.exchange) = (queues.build, queues.retry, queues.exchange)
        options.retryDelay = .seconds(1)
        options.initTimeout = .seconds(2)
        return options
    }

    /// Messages ready, by queue; `nil` where there is no such queue.
    package func depth(_ queue: String) throws -> Int? { try self.depths([queue])[0] }

    /// The same of several queues, over one connection and one after another.
    package func depths(_ queues: [String]) throws -> [Int?] {
        let administration = try TopologyAdministration(self.options(Queues()))
        defer { administration.close() }
        return try queues.map { try administration.depth(of: $0) }
    }

    /// Messages handed out and not settled, over all queues whose name begins so.
    package func unacked(prefix: String) async throws -> Int {
        try await self.ctl("list_queues", "name", "messages_unacknowledged", "--quiet").split(separator: "\n").reduce(0)
        { sum, line in
            let fields = line.split(separator: "\t")
            guard fields.count == 2, fields[0].hasPrefix(prefix) else { return sum }
            return sum + (Int(fields[1]) ?? 0)
        }
    }
}

/// Names of one test's own queues.
package struct Queues: Sendable {
    package let build: String
    package var retry: String { "\(self.build).retry" }
    package var exchange: String { "\(self.build).exchange" }
    package var parked: String { "\(self.build).parked" }
    package var wait: String { "\(self.build).wait" }
    package var retryWait: String { "\(self.build).retry.wait" }
    package var initTimers: String { "\(self.build).retry.init" }

    package init(_ build: String = Surroundings.newName("q")) { self.build = build }
}

/// Ends what the run started, whatever way the run ends.
final class BrokerGuard: Sendable {
    static let shared = BrokerGuard()

    private init() {
        atexit { ChildProcess.killAll() }
    }

    /// A guardian outside this process: it stops the node when this process is gone, crashed or not.
    func started(_ directory: URL) throws {
        let script = Surroundings.sourceRoot.appendingPathComponent("scripts/private-broker").path
        let guardian = Process()
        guardian.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        guardian.arguments = [
            "/bin/bash", "-c",
            "while kill -0 \(getpid()) 2>/dev/null; do sleep 1; done; bash '\(script)' stop '\(directory.path)'; rm -rf '\(directory.path)';"
                // The last guardian finds the run's directory without brokers and takes it away.
                + " find '\(Surroundings.directory.path)' -mindepth 1 -maxdepth 1 ! -name 'broker-*' -exec rm -rf {} +; rmdir '\(Surroundings.directory.path)' 2>/dev/null",
        ]
        guardian.standardInput = FileHandle.nullDevice
        guardian.standardOutput = FileHandle.nullDevice
        guardian.standardError = FileHandle.nullDevice
        try guardian.run()
    }
}
