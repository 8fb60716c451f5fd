import Foundation
import Glibc
import Synchronization

/// A peer on loopback that says, byte for byte, what a test tells it, HTTP or not. Real sockets; a few threads, each with one connection at a time.
///
/// A connection is closed by the thread that serves it, and the listening socket by the thread that leaves last: see ``StubServer/stop()``.
final class RawServer: Sendable {
    enum Step: Sendable {
        /// In one write, as far as the socket takes it.
        case send([UInt8])
        /// What the test then says, which may first wait for something.
        case made(@Sendable () -> [UInt8])
        /// One write a byte, without waiting in between.
        case sendByteByByte([UInt8])
        /// Lets the client run, perhaps.
        case yield
        /// Only where slowness is what is played.
        case pause(milliseconds: UInt32)
        /// Again and again, until the client has gone.
        case sendForEver([UInt8], pauseMilliseconds: UInt32 = 0)
        /// FIN. All that follows is not played, as with `reset` and `hold`.
        case close
        /// RST.
        case reset
        /// Nothing more, until the client has gone.
        case hold

        var isReset: Bool { if case .reset = self { true } else { false } }
    }

    /// Connection and request number are in the request. After steps that do not end the connection, its next request is read.
    typealias Script = @Sendable (StubServer.Request) -> [Step]

    private enum Role: Sendable {
        case answering(Script)
        /// The steps are played to whoever connects; what the client says is not read.
        case speakingFirst([Step])
    }

    private struct State {
        /// Those that are open. A closed one's number may soon be somebody else's.
        var connections: Set<Int32> = []
        var accepted = 0
        var threads: Int
        var isStopped = false
    }

    let port: Int
    private let host: String
    private let socket: Int32
    private let role: Role
    private let state: Mutex<State>

    var url: String { "http://\(self.host):\(self.port)" }
    /// Connections there have been.
    var accepted: Int { self.state.withLock { $0.accepted } }
    /// Connections there are.
    var open: Int { self.state.withLock { $0.connections.count } }

    /// - Parameter threads: connections served at once; further ones wait.
    convenience init(isIPv6: Bool = false, threads: Int = 2, _ script: @escaping Script) throws {
        try self.init(isIPv6, threads, .answering(script))
    }

    convenience init(speakingFirst steps: [Step]) throws { try self.init(false, 2, .speakingFirst(steps)) }

    private init(_ isIPv6: Bool, _ threads: Int, _ role: Role) throws {
        (self.socket, self.port) = try Self.listener(isIPv6)
        self.host = isIPv6 ? "[::1]" : "127.0.0.1"
        self.role = role
        self.state = Mutex(State(threads: threads))
        for _ in 0..<threads { Thread { [self] in self.run() }.start() }
    }

    /// From here on nobody can connect, and who is connected is cut off.
    func stop() {
        self.state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
            shutdown(self.socket, Int32(SHUT_RDWR))
        }
    }

    // MARK: - The listening socket

    private static func listener(_ isIPv6: Bool) throws -> (Int32, Int) {
        let listener = Glibc.socket(
            isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let port: in_port_t?
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            inet_pton(AF_INET6, "::1", &address.sin6_addr)
            port = Self.listen(listener, &address) ? address.sin6_port : nil
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            port = Self.listen(listener, &address) ? address.sin_port : nil
        }
        guard let port else {
            let error = POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            Glibc.close(listener)
            throw error
        }
        return (listener, Int(in_port_t(bigEndian: port)))
    }

    /// Fills in the port.
    private static func listen<Address>(_ listener: Int32, _ address: inout Address) -> Bool {
        var length = socklen_t(MemoryLayout<Address>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Glibc.bind(listener, address, length) == 0 && Glibc.listen(listener, 128) == 0
                    && Glibc.getsockname(listener, address, &length) == 0
            }
        }
    }

    // MARK: - A thread

    private func run() {
        while let (connection, number) = self.nextConnection() {
            self.serve(connection, number)
            self.state.withLock { state in
                state.connections.remove(connection)
                Glibc.close(connection)
            }
        }
        let isLast = self.state.withLock { state in
            state.threads -= 1
            return state.threads == 0
        }
        if isLast { Glibc.close(self.socket) }
    }

    /// `nil` once the server is stopped, and only then: until then the listening socket is needed.
    private func nextConnection() -> (Int32, Int)? {
        while true {
            let connection = Glibc.accept(self.socket, nil, nil)
            let (number, isStopped) = self.state.withLock { state in
                if connection >= 0 {
                    state.connections.insert(connection)
                    state.accepted += 1
                    if state.isStopped { shutdown(connection, Int32(SHUT_RDWR)) }
                }
                return (state.accepted, state.isStopped)
            }
            if connection >= 0 { return (connection, number) }
            if isStopped { return nil }
            usleep(1000)
        }
    }

    private func serve(_ connection: Int32, _ number: Int) {
        var one: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var reader = StubServerReader(connection: connection, number: number)
        switch self.role {
        case .answering(let script):
            while let request = reader.next() { guard Self.play(script(request), connection, &reader) else { return } }
        case .speakingFirst(let steps):
            if Self.play(steps, connection, &reader) { reader.waitForEnd() }
        }
    }

    /// Whether the connection is good for another request.
    private static func play(_ steps: [Step], _ connection: Int32, _ reader: inout StubServerReader) -> Bool {
        for step in steps {
            switch step {
            case .send(let bytes): guard Self.write(connection, bytes[...]) else { return false }
            case .made(let make): guard Self.write(connection, make()[...]) else { return false }
            case .sendByteByByte(let bytes):
                for index in bytes.indices {
                    guard Self.write(connection, bytes[index...index]) else { return false }
                    sched_yield()
                }
            case .yield: sched_yield()
            case .pause(let milliseconds): usleep(milliseconds * 1000)
            case .sendForEver(let bytes, let pause):
                while Self.write(connection, bytes[...]) { if pause > 0 { usleep(pause * 1000) } }
                return false
            case .close: return false
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
                return false
            case .hold:
                reader.waitForEnd()
                return false
            }
        }
        return true
    }

    private static func write(_ connection: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
