import ArgumentParser
import BuildWorker
import Foundation
import RabbitMQ
import Support

/// The Swift side of `scripts/bench`'s comparison of consumers alone: the worker's own connection, and nothing behind it.
@main
struct Settle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Consumes and acks messages, and prints what that took as one line of JSON.",
        discussion: "The broker is the one of RABBITMQ_HOST, _PORT, _USERNAME, _PASSWORD and _VIRTUAL_HOST.")

    @Option(help: "Which queue.")
    var queue: String

    @Option(help: "How many messages are in it.")
    var count: Int

    @Option(help: "Unacked at a time.")
    var prefetch = 20

    func run() async throws {
        let endpoint = AMQPEndpoint(try Self.options(), connectionName: "settle")
        let connection = ConsumingConnection(endpoint, queues: [self.queue], prefetch: self.prefetch, host: "bench") {
            event in
            if case .disconnected(let error, _) = event { FileHandle.standardError.write(Data("\(error)\n".utf8)) }
        }
        connection.start()
        // To the last ack on its way to the broker, which is when the connection is empty.
        let started = try await self.settleAll(connection)
        await connection.flush()
        let (took, used) = (started.time.duration(to: .now), Self.processorSeconds() - started.processor)
        connection.stop()
        await connection.waitUntilStopped()
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        print("{\"messages\":\(self.count),\"seconds\":\(seconds),\"cpuSeconds\":\(used)}")
    }

    /// - Returns: when the first delivery came, and what the process had used until then.
    private func settleAll(_ connection: ConsumingConnection) async throws -> (
        time: ContinuousClock.Instant, processor: Double
    ) {
        var started: (time: ContinuousClock.Instant, processor: Double)?
        var settled = 0
        for await delivery in connection.deliveries {
            started = started ?? (.now, Self.processorSeconds())
            connection.settle(delivery.tag, as: .ack)
            settled += 1
            if settled == self.count { break }
        }
        guard let started, settled == self.count else { throw TooFew(settled: settled) }
        return started
    }

    private static func options() throws -> RabbitMQOptions {
        func variable(_ name: String) throws -> String {
            guard let value = getenv(name) else { throw ValidationError("\(name) is not set") }
            return String(cString: value)
        }
        var options = RabbitMQOptions()
        options.hosts = [try variable("RABBITMQ_HOST")]
        guard let port = Int(try variable("RABBITMQ_PORT")) else { throw ValidationError("RABBITMQ_PORT is no port") }
        options.port = port
        options.username = try variable("RABBITMQ_USERNAME")
        options.password = Secret(try variable("RABBITMQ_PASSWORD"))
        options.vhost = try variable("RABBITMQ_VIRTUAL_HOST")
        return options
    }

    /// User and system time of this process so far.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// The connection ended before all messages were there.
struct TooFew: Error, CustomStringConvertible {
    let settled: Int
    var description: String { "the deliveries ended after \(self.settled) messages" }
}
