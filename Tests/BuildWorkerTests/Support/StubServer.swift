import Foundation
import Glibc
import Synchronization

/// A small HTTP/1.1 server on loopback that answers as a test tells it. Real sockets, a thread a connection.
///
/// The closure that answers may block: it is how a test delays an answer until something else has happened.
final class StubServer: Sendable {
    struct Request: Sendable {
        let method: String
        let target: String
        /// By lower-case name.
        let headers: [String: String]
        let body: String
        /// Counts the TCP connections from 1.
        let connection: Int
        /// Counts the connection's requests from 1: above, the connection was kept.
        let number: Int
    }

    enum Answer: Sendable {
        case status(Int, body: String = "{}", headers: [String: String] = [:])
        /// An answer, and then the connection is closed without having said so.
        case statusThenClose(Int)
        /// Nothing, for as long as the client waits.
        case hang
        /// RST instead of an answer.
        case reset
        /// The connection is closed instead of an answer.
        case close
        /// Half of the promised body, then the end.
        case truncated
        /// This, byte for byte, then the end.
        case raw(String)
    }

    private struct State {
        var requests: [Request] = []
        /// Those that are open. A closed one's number may soon be somebody else's.
        var connections: Set<Int32> = []
        var accepted = 0
        var isStopped = false
    }

    let port: Int
    private let socket: Int32
    private let answer: @Sendable (Request) -> Answer
    private let state = Mutex(State())

    var url: String { "http://127.0.0.1:\(self.port)" }
    var requests: [Request] { self.state.withLock { $0.requests } }

    init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard bound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.socket = listener
        self.port = Int(UInt16(bigEndian: address.sin_port))
        self.answer = answer
        Thread { [self] in self.accept() }.start()
    }

    /// From here on nobody can connect, and who is connected is cut off.
    /// Connections and the port are given back by the threads that own them: a descriptor closed here could be
    /// another server's by the time they use it.
    func stop() {
        self.state.withLock { state in
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        shutdown(self.socket, Int32(SHUT_RDWR))
    }

    private func accept() {
        defer { close(self.socket) }
        while true {
            let connection = Glibc.accept(self.socket, nil, nil)
            guard connection >= 0 else { return }
            let number = self.state.withLock { state in
                state.connections.insert(connection)
                state.accepted += 1
                return state.accepted
            }
            Thread { [self] in
                self.serve(connection, number)
                self.state.withLock { state in
                    state.connections.remove(connection)
                    close(connection)
                }
            }.start()
        }
    }

    private func serve(_ connection: Int32, _ number: Int) {
        var reader = StubServerReader(connection: connection, number: number)
        while let request = reader.next() {
            self.state.withLock { $0.requests.append(request) }
            switch self.answer(request) {
            case .status(let status, let body, let headers):
                Self.write(connection, status, body, headers, promising: body.utf8.count)
            case .statusThenClose(let status):
                Self.write(connection, status, "{}", [:], promising: 2)
                return
            case .hang: reader.waitForEnd()
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
                return
            case .close: return
            case .truncated:
                Self.write(connection, 200, #"{"half":"#, [:], promising: 1000)
                return
            case .raw(let text):
                Self.write(connection, text)
                return
            }
        }
    }

    private static func write(
        _ connection: Int32, _ status: Int, _ body: String, _ headers: [String: String], promising length: Int
    ) {
        var text = "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\n"
        if status != 204 { text += "Content-Length: \(length)\r\n" }
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        Self.write(connection, "\(text)\r\n\(body)")
    }

    private static func write(_ connection: Int32, _ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
