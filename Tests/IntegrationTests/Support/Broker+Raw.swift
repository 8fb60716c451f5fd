import TestSupport

@testable import BuildWorker
@testable import RabbitMQ

extension Broker {
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
}
