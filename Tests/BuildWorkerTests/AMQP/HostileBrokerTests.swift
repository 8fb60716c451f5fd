import Foundation
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

/// A broker that is broken, or not what it claims to be: the connection is given up and made anew, and the error says why.
@Suite struct HostileBrokerTests {
    private final class Events: Sendable {
        private let errors = Mutex<[AMQPError]>([])
        var all: [AMQPError] { self.errors.withLock { $0 } }
        func note(_ event: ConnectionEvent) {
            if case .disconnected(let error, _) = event { self.errors.withLock { $0.append(error) } }
        }
    }

    private static func endpoint(_ broker: StubBroker) -> AMQPEndpoint {
        var options = RabbitMQOptions()
        (options.hosts, options.port, options.reconnectLimit) = (["127.0.0.1"], broker.port, .milliseconds(250))
        // The stub sends none.
        options.heartbeat = .seconds(3600)
        return AMQPEndpoint(options, connectionName: "test")
    }

    /// What it does once the queue is consumed, with a prefetch of 2, and what the error says.
    static let violations: [(words: String, script: StubBroker.Script)] = [
        (
            "is larger than announced",
            {
                try $0.deliver(1)
                try $0.header(10)
                while true { try $0.body(Array(repeating: 0, count: 8)) }
            }
        ),
        (
            "announces a message of 9223372036854775808 bytes",
            {
                try $0.deliver(1)
                try $0.header(1 << 63)
            }
        ),
        (
            "a frame of a message's body is empty",
            {
                try $0.deliver(1)
                try $0.header(10)
                while true { try $0.body([]) }
            }
        ),
        ("it delivers on a channel that consumes nothing", { try $0.deliver(1, on: 7) }),
        (
            "it delivers more than the prefetch of 2",
            { for number in 1...100 as ClosedRange<UInt64> { try $0.message(number, [1]) } }
        ),
        (
            "a frame is larger than was agreed on",
            {
                try $0.deliver(1)
                try $0.header(1 << 20)
                try $0.body(Array(repeating: 0, count: 140_000))
            }
        ),
        // librabbitmq's own words: larger than the room that headers are given for what dead-lettering adds to them.
        (
            "invalid AMQP data",
            {
                try $0.deliver(1)
                try $0.header(1, headers: Conversation.deepTable(levels: 100_000))
            }
        ),
        ("invalid AMQP data", { try $0.send(Array(repeating: 0xFF, count: 64)) }),
    ]

    @Test(arguments: violations.indices) func theConnectionIsGivenUpAndMadeAnew(index: Int) async throws {
        let (words, script) = Self.violations[index]
        let broker = try StubBroker(.init(prefetch: 2), script)
        defer { broker.stop() }
        let events = Events()
        let connection = ConsumingConnection(Self.endpoint(broker), queues: ["q"], prefetch: 2, host: "test") {
            events.note($0)
        }
        connection.start()
        #expect(try await holdsSoon { broker.accepted >= 2 && events.all.count >= 1 })
        let error = try #require(events.all.first)
        #expect(error.description.contains(words), "\(error.description)")
        #expect(error.isRetriable)
        #expect(broker.faults == [])
        connection.stop()
        await connection.waitUntilStopped()
    }

    /// librabbitmq decodes by recursion: 26,000 levels, which fit a frame that any publisher may send, were its end and the worker's.
    /// What a publisher can do must not end a connection, or it would be at its end for ever.
    @Test(arguments: ["very deep", "a little too deep", "very many"]) func headersThatAreTooMuchAreNotRead(kind: String)
        async throws
    {
        let headers =
            switch kind {
            case "very deep": Conversation.deepTable(levels: 26_000)
            case "a little too deep": Conversation.deepTable(levels: 17)
            default: Conversation.table((0..<30_000).flatMap { _ in [0, UInt8(ascii: "V")] })
            }
        let broker = try StubBroker(.init(prefetch: 2)) { client in
            try client.deliver(1)
            try client.header(2, headers: headers)
            try client.body([1, 2])
            try client.deliver(2)
            try client.header(1, headers: Conversation.deepTable(levels: 15))
            try client.body([3])
        }
        defer { broker.stop() }
        let connection = ConsumingConnection(Self.endpoint(broker), queues: ["q"], prefetch: 2, host: "test") { _ in }
        connection.start()
        var deliveries = connection.deliveries.makeAsyncIterator()
        let first = try #require(await deliveries.next())
        #expect(first.hasUnreadHeaders && first.properties.headers.isEmpty && first.body == [1, 2])
        let second = try #require(await deliveries.next())
        #expect(!second.hasUnreadHeaders && second.properties.headers["k"]?.array?.count == 1)
        #expect(broker.accepted == 1 && broker.faults == [])
        connection.stop()
        await connection.waitUntilStopped()
    }

    @Test func aDeepTableInTheHandshakeHarmsNobody() async throws {
        let broker = try StubBroker(.init(serverProperties: Conversation.deepTable(levels: 13_000), prefetch: 2)) {
            try $0.message(1, [7])
        }
        defer { broker.stop() }
        let connection = ConsumingConnection(Self.endpoint(broker), queues: ["q"], prefetch: 2, host: "test") { _ in }
        connection.start()
        var deliveries = connection.deliveries.makeAsyncIterator()
        #expect(await deliveries.next()?.body == [7])
        connection.stop()
        await connection.waitUntilStopped()
    }

    /// Of messages that are too large to be read one is kept at a time; the others are given back when it is settled.
    @Test func largeBodiesComeOneAtATime() async throws {
        let (large, larger) = (Array(repeating: 7 as UInt8, count: 5000), Array(repeating: 8 as UInt8, count: 6000))
        let broker = try StubBroker(.init(prefetch: 4)) { client in
            try client.message(1, large)
            try client.message(2, larger)
            try client.message(3, larger)
            try client.message(4, [1])
            try client.expectAck(4)
            try client.expectAck(1)
            // One is on its way then, and the other waits for it.
            try client.expectRequeue(2)
            try client.message(5, larger)
            try client.expectAck(5)
            try client.expectRequeue(3)
        }
        defer { broker.stop() }
        let connection = ConsumingConnection(
            Self.endpoint(broker), queues: ["q"], prefetch: 4, largestMessage: 1024, host: "test"
        ) { _ in }
        connection.start()
        var deliveries = connection.deliveries.makeAsyncIterator()
        let first = try #require(await deliveries.next())
        let second = try #require(await deliveries.next())
        #expect(first.body == large)
        #expect(second.body == [1])
        connection.settle(second.tag, as: .ack)
        connection.settle(first.tag, as: .ack)
        let third = try #require(await deliveries.next())
        #expect(third.body == larger)
        connection.settle(third.tag, as: .ack)
        await connection.flush()
        #expect(broker.accepted == 1 && broker.faults == [])
        connection.stop()
        await connection.waitUntilStopped()
        #expect(broker.faults == [])
    }

    @Test func whatCannotBeKeptAtAllIsNamedByItsHash() async throws {
        let piece = Array(repeating: 9 as UInt8, count: 131_000)
        let pieces = BodyBudget.largestParked / piece.count + 1
        let broker = try StubBroker(.init(prefetch: 2)) { client in
            try client.deliver(1)
            try client.header(UInt64(pieces * piece.count))
            for _ in 0..<pieces { try client.body(piece) }
        }
        defer { broker.stop() }
        let connection = ConsumingConnection(
            Self.endpoint(broker), queues: ["q"], prefetch: 2, largestMessage: 1024, host: "test"
        ) { _ in }
        connection.start()
        var deliveries = connection.deliveries.makeAsyncIterator()
        let delivery = try #require(await deliveries.next())
        #expect(delivery.body.isEmpty && delivery.bodySize == pieces * piece.count)
        #expect(delivery.bodyHash == Fingerprint.of(Array(repeating: UInt8(9), count: pieces * piece.count)))
        connection.stop()
        await connection.waitUntilStopped()
    }

    /// After an unclean end of which nothing is known.
    @Test func aCautiousConnectionTakesOneAtATimeAtFirst() async throws {
        let broker = try StubBroker(.init(prefetch: 1)) { client in
            for number in 1...3 as ClosedRange<UInt64> {
                try client.message(number, [1])
                try client.expectAck(number)
            }
            try client.expectCancel()
            try client.expectPrefetch(3)
            try client.expectConsume()
            try client.message(4, [4])
        }
        defer { broker.stop() }
        let connection = ConsumingConnection(
            Self.endpoint(broker), queues: ["q"], prefetch: 3, isCautious: true, host: "test"
        ) { _ in }
        connection.start()
        var bodies: [[UInt8]] = []
        for await delivery in connection.deliveries {
            bodies.append(delivery.body)
            connection.settle(delivery.tag, as: .ack)
            if bodies.count == 4 { break }
        }
        #expect(bodies == [[1], [1], [1], [4]])
        #expect(broker.faults == [])
        connection.stop()
        await connection.waitUntilStopped()
    }
}
