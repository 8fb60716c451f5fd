internal import Foundation
internal import Glibc
internal import Synchronization

/// A broker on loopback that says, frame for frame, what a test tells it. Strict: a client that does anything but what is expected of it is
/// noted in ``faults``, and cut off.
package final class StubBroker: Sendable {
    package struct Options: Sendable {
        /// The field table of `connection.start`.
        package var serverProperties: [UInt8]
        package var frameMax: UInt32
        /// What clients are to ask for at first.
        package var prefetch: UInt16

        package init(serverProperties: [UInt8] = Conversation.table([]), frameMax: UInt32 = 131_072, prefetch: UInt16) {
            (self.serverProperties, self.frameMax, self.prefetch) = (serverProperties, frameMax, prefetch)
        }
    }

    package typealias Script = @Sendable (Conversation) throws -> Void

    private struct State {
        var connections: Set<Int32> = []
        var accepted = 0
        var faults: [String] = []
    }

    package let port: Int
    private let socket: Int32
    private let options: Options
    private let script: Script
    private let state = Mutex(State())

    package var accepted: Int { self.state.withLock { $0.accepted } }
    package var faults: [String] { self.state.withLock { $0.faults } }

    /// - Parameter script: what it does once a queue is consumed on channel 1. After it, it waits until the client has gone.
    package init(_ options: Options, _ script: @escaping Script) throws {
        let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard listener >= 0, isBound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        (self.socket, self.port, self.options, self.script) = (
            listener, Int(UInt16(bigEndian: address.sin_port)), options, script
        )
        Thread { [self] in self.accept() }.start()
    }

    /// Connections and the port are given back by the thread that owns them.
    package func stop() {
        self.state.withLock { state in for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) } }
        shutdown(self.socket, Int32(SHUT_RDWR))
    }

    private func accept() {
        defer { close(self.socket) }
        while true {
            let connection = Glibc.accept(self.socket, nil, nil)
            guard connection >= 0 else { return }
            self.state.withLock { state in
                state.connections.insert(connection)
                state.accepted += 1
            }
            do { try self.serve(Conversation(connection)) } catch let fault as Conversation.Fault {
                self.state.withLock { $0.faults.append(fault.description) }
            } catch {}
            self.state.withLock { state in
                state.connections.remove(connection)
                close(connection)
            }
        }
    }

    private func serve(_ client: Conversation) throws {
        guard try client.read(8) == Array("AMQP".utf8) + [0, 0, 9, 1] else {
            throw Conversation.Fault("no protocol header")
        }
        try client.method(
            0, 10, 10, [0, 9] + self.options.serverProperties + Conversation.long("PLAIN") + Conversation.long("en_US"))
        _ = try client.expect(10, 11)
        try client.method(
            0, 10, 30,
            Conversation.number(2047 as UInt16) + Conversation.number(self.options.frameMax)
                + Conversation.number(3600 as UInt16))
        _ = try client.expect(10, 31)
        _ = try client.expect(10, 40)
        try client.method(0, 10, 41, [0])
        _ = try client.expect(20, 10)
        try client.method(1, 20, 11, [0, 0, 0, 0])
        try client.expectPrefetch(self.options.prefetch)
        try client.expectConsume()
        try self.script(client)
        try client.waitForEnd()
    }
}

/// One client of a ``StubBroker``. Blocks: for the broker's own thread.
package final class Conversation {
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }
    package struct Gone: Error {}

    private let connection: Int32
    package private(set) var consumerTag: [UInt8] = []

    package init(_ connection: Int32) { self.connection = connection }

    // MARK: Bytes

    package static func number(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
    package static func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + text.utf8 }
    package static func long(_ text: String) -> [UInt8] { self.number(UInt32(text.utf8.count)) + text.utf8 }
    package static func table(_ fields: [UInt8]) -> [UInt8] { self.number(UInt32(fields.count)) + fields }

    /// A table with one field, `k`: arrays in arrays.
    package static func deepTable(levels: Int) -> [UInt8] {
        let arrays = (0..<levels).flatMap { [UInt8(ascii: "A")] + self.number(UInt32((levels - 1 - $0) * 5)) }
        return self.table(self.short("k") + arrays)
    }

    package func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes {
                recv(self.connection, $0.baseAddress! + filled, count - filled, 0)
            }
            guard got > 0 else { throw Gone() }
            filled += got
        }
        return bytes
    }

    package func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(self.connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Gone() }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: Frames

    package func frame(_ kind: UInt8, _ channel: UInt16, _ payload: [UInt8]) throws {
        try self.send([kind] + Self.number(channel) + Self.number(UInt32(payload.count)) + payload + [0xCE])
    }

    package func method(_ channel: UInt16, _ group: UInt16, _ method: UInt16, _ arguments: [UInt8] = []) throws {
        try self.frame(1, channel, Self.number(group) + Self.number(method) + arguments)
    }

    /// The client's next frame that is no heartbeat.
    package func next() throws -> (kind: UInt8, channel: UInt16, payload: [UInt8]) {
        while true {
            let head = try self.read(7)
            let payload = try self.read(head[3...6].reduce(0) { $0 << 8 | Int($1) } + 1)
            guard payload.last == 0xCE else { throw Fault("a frame without an end") }
            if head[0] != 8 { return (head[0], UInt16(head[1]) << 8 | UInt16(head[2]), Array(payload.dropLast())) }
        }
    }

    /// The arguments of the client's next method, which has to be this one.
    package func expect(_ group: UInt16, _ method: UInt16) throws -> [UInt8] {
        let frame = try self.next()
        guard frame.kind == 1, Array(frame.payload.prefix(4)) == Self.number(group) + Self.number(method) else {
            throw Fault("\(group).\(method) was expected, not frame \(frame.kind) with \(frame.payload.prefix(4))")
        }
        return Array(frame.payload.dropFirst(4))
    }

    package func expectPrefetch(_ count: UInt16) throws {
        let arguments = try self.expect(60, 10)
        guard Array(arguments[4...5]) == Self.number(count) else {
            throw Fault("a prefetch of \(count) was expected: \(arguments)")
        }
        try self.method(1, 60, 11)
    }

    package func expectConsume() throws { try self.consume(try self.expect(60, 20), on: 1) }

    /// Answers a `basic.consume` with these arguments.
    package func consume(_ arguments: [UInt8], on channel: UInt16) throws {
        let start = 3 + Int(arguments[2])
        self.consumerTag = Array(arguments[start...(start + Int(arguments[start]))])
        try self.method(channel, 60, 21, self.consumerTag)
    }

    package func expectCancel() throws {
        _ = try self.expect(60, 30)
        try self.method(1, 60, 31, self.consumerTag)
    }

    /// → the delivery's number
    package func expectAck(_ number: UInt64) throws {
        guard try self.expect(60, 80) == Self.number(number) + [0] else {
            throw Fault("an ack of \(number) was expected")
        }
    }

    package func expectRequeue(_ number: UInt64) throws {
        guard try self.expect(60, 120) == Self.number(number) + [2] else {
            throw Fault("a nack of \(number) was expected, to be requeued")
        }
    }

    package func deliver(_ number: UInt64, on channel: UInt16 = 1) throws {
        try self.method(
            channel, 60, 60, self.consumerTag + Self.number(number) + [0] + Self.short("") + Self.short("q"))
    }

    package func header(_ size: UInt64, headers: [UInt8]? = nil, on channel: UInt16 = 1) throws {
        let properties = headers.map { Self.number(0x2000 as UInt16) + $0 } ?? [0, 0]
        try self.frame(2, channel, Self.number(60 as UInt16) + [0, 0] + Self.number(size) + properties)
    }

    package func body(_ bytes: [UInt8], on channel: UInt16 = 1) throws { try self.frame(3, channel, bytes) }

    package func message(_ number: UInt64, _ body: [UInt8]) throws {
        try self.deliver(number)
        try self.header(UInt64(body.count))
        var rest = body[...]
        while !rest.isEmpty {
            try self.body(Array(rest.prefix(100_000)))
            rest = rest.dropFirst(100_000)
        }
    }

    /// Says goodbye where the client does.
    package func waitForEnd() throws {
        do {
            while true { if try self.next().payload.starts(with: [0, 10, 0, 50]) { try self.method(0, 10, 51) } }
        } catch is Gone {}
    }
}
