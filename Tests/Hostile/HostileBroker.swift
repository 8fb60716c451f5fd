internal import BuildWorker
internal import ChaosModel
internal import Foundation
internal import Synchronization
internal import TestSupport

/// A broker that agrees to everything, and then means harm: with each connection that consumes another way.
final class HostileBroker: Sendable {
    typealias Script = @Sendable (_ client: Conversation, _ channel: UInt16) throws -> Void

    let port: Int
    private let socket: Int32
    private let scripts: [Script]
    private let next = Mutex(0)

    static func attack(_ scene: Scene, _ scale: Scale) async throws {
        let count = scale(160, quick: 24)
        let scripts =
            Self.scripts + (0..<max(0, count - Self.scripts.count)).map { Self.damaged(scale.seed &+ UInt64($0)) }
        let broker = try HostileBroker(scripts)
        try await scene.target.start(["RABBITMQ_PORT": String(broker.port)])
        do {
            try await eventually("the worker comes again after each", within: .seconds(scale(400, quick: 90))) {
                broker.served > scripts.count
            }
        } catch is NotInTime { scene.complain("the worker came \(broker.served) times only, of \(scripts.count)") }
        broker.stop()
        // With a broker that means no harm it works as ever.
        try await scene.target.stop()
        try await scene.target.start([:])
        try await scene.waitUntilReady()
        try await scene.expectStart(of: 9_000_001, within: .seconds(30))
        scene.tried("frames, tables, bodies that no broker sends", scripts.count)
    }

    private init(_ scripts: [Script]) throws {
        self.scripts = scripts
        self.port = try FreePort.find()
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.socket = socket
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(self.port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(socket, 16) == 0
            }
        }
        guard isBound else { throw NotInTime(description: "nobody can listen on port \(self.port): \(errno)") }
        Thread { [self] in
            while case let connection = accept(self.socket, nil, nil), connection >= 0 {
                Thread {
                    do { try self.serve(Conversation(connection)) } catch {}
                    close(connection)
                }.start()
            }
            close(self.socket)
        }.start()
    }

    private var served: Int { self.next.withLock { $0 } }
    private func stop() { shutdown(self.socket, Int32(SHUT_RDWR)) }

    private func serve(_ client: Conversation) throws {
        _ = try client.read(8)
        try client.method(
            0, 10, 10, [0, 9] + Conversation.table([]) + Conversation.long("PLAIN") + Conversation.long("en_US"))
        while true {
            let (kind, channel, payload) = try client.next()
            guard kind == 1, payload.count >= 4 else { continue }
            let arguments = Array(payload.dropFirst(4))
            switch (payload[1], payload[3]) {
            case (10, 11):
                try client.method(
                    0, 10, 30,
                    Conversation.number(2047 as UInt16) + Conversation.number(131_072 as UInt32)
                        + Conversation.number(60 as UInt16))
            case (10, 40): try client.method(0, 10, 41, [0])
            case (10, 50): return try client.method(0, 10, 51)
            case (20, 10): try client.method(channel, 20, 11, [0, 0, 0, 0])
            case (50, 10):
                try client.method(
                    channel, 50, 11, Array(arguments[2...(2 + Int(arguments[2]))]) + [0, 0, 0, 0, 0, 0, 0, 1])
            case (60, 20):
                try client.consume(arguments, on: channel)
                let number = self.next.withLock { number in
                    defer { number += 1 }
                    return number
                }
                if number < self.scripts.count {
                    try self.scripts[number](client, channel)
                    // What the client makes of it is seen by its coming again; it need not go by itself.
                    Thread.sleep(forTimeInterval: 0.05)
                    return
                }
            // Channels, exchanges, queues, prefetch, confirms: all of them "ok".
            case (20, 40), (30, 10), (50, 20), (60, 10), (85, 10):
                try client.method(channel, UInt16(payload[1]), UInt16(payload[3]) + 1)
            default: break
            }
        }
    }

    // MARK: Ways

    private static let start = Array(
        #"{"job":"start","buildConfig":{"buildId":1,"container":"a","apiUri":"http://127.0.0.1:1","token":"hostile"}}"#
            .utf8)

    private static let scripts: [Script] = [
        {
            try $0.deliver(1, on: $1)
            try $0.header(10, on: $1)
            for _ in 0..<1000 { try $0.body(Array(repeating: 0, count: 8), on: $1) }
        },
        {
            try $0.deliver(1, on: $1)
            try $0.header(1 << 63, on: $1)
        },
        {
            try $0.deliver(1, on: $1)
            try $0.header(.max, on: $1)
            for _ in 0..<1000 { try $0.body(Array(repeating: 0, count: 100_000), on: $1) }
        },
        {
            try $0.deliver(1, on: $1)
            try $0.header(10, on: $1)
            for _ in 0..<10_000 { try $0.body([], on: $1) }
        },
        { client, _ in try client.deliver(1, on: 77) },
        { client, channel in
            for number in 1...500 as ClosedRange<UInt64> {
                try client.deliver(number, on: channel)
                try client.header(1, on: channel)
                try client.body([1], on: channel)
            }
        },
        {
            try $0.deliver(1, on: $1)
            try $0.header(1 << 20, on: $1)
            try $0.body(Array(repeating: 0, count: 140_000), on: $1)
        },
        {
            try $0.deliver(1, on: $1)
            try $0.header(1, headers: Conversation.deepTable(levels: 100_000), on: $1)
        },
        {
            try $0.deliver(1, on: $1)
            try $0.header(1, headers: Conversation.deepTable(levels: 25_000), on: $1)
            try $0.body([1], on: $1)
        },
        {
            try $0.deliver(1, on: $1)
            try $0.header(1, headers: Conversation.number(UInt32.max), on: $1)
        },
        { client, _ in try client.send(Array(repeating: 0xFF, count: 4096)) },
        { client, _ in try client.send([1, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]) },
        {
            try $0.header(5, on: $1)
            try $0.body([1, 2, 3, 4, 5], on: $1)
        },
        {
            try $0.deliver(1, on: $1)
            try $0.deliver(2, on: $1)
        },
        { try $0.method($1, 60, 80, Conversation.number(UInt64.max) + [1]) },
        { try $0.method($1, 99, 99, [1, 2, 3]) },
        { try $0.method($1, 60, 30, Conversation.short("x") + [1]) },
        {
            try $0.method(
                $1, 20, 40, [0, 200] + Conversation.short(String(repeating: "\u{7F}", count: 255)) + [0, 0, 0, 0])
        },
        { client, _ in
            try client.method(0, 10, 50, [1, 64] + Conversation.short("hostile-made-up reason\r\n{}") + [0, 0, 0, 0])
        },
        { client, _ in try client.method(0, 10, 60, Conversation.short(String(repeating: "x", count: 255))) },
    ]

    /// Frames of a delivery that would be fine, damaged.
    private static func damaged(_ seed: UInt64) -> Script {
        { client, channel in
            var random = SplitMix64(seed: seed)
            func frame(_ kind: UInt8, _ payload: [UInt8]) -> [UInt8] {
                [kind] + Conversation.number(channel) + Conversation.number(UInt32(payload.count)) + payload + [0xCE]
            }
            let method =
                Conversation.number(60 as UInt16) + Conversation.number(60 as UInt16) + client.consumerTag
                + Conversation.number(1 as UInt64) + [0] + Conversation.short("") + Conversation.short("q")
            let table = Conversation.table(
                Conversation.short("x-death") + [UInt8(ascii: "S")] + Conversation.long("x") + Conversation.short("n")
                    + [UInt8(ascii: "l")] + Conversation.number(7 as UInt64))
            let header =
                Conversation.number(60 as UInt16) + [0, 0] + Conversation.number(UInt64(Self.start.count))
                + Conversation.number(0x2000 as UInt16) + table
            let whole = frame(1, method) + frame(2, header) + frame(3, Self.start)
            // In the payloads half of the time, so that the frames themselves are read.
            if Bool.random(using: &random) { return try client.send(Mutation.damage(whole, using: &random)) }
            try client.send(
                frame(1, Mutation.damage(method, using: &random)) + frame(2, Mutation.damage(header, using: &random))
                    + frame(3, Self.start))
        }
    }
}
