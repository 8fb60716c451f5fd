import Foundation
import Glibc
import Synchronization

/// A small HTTP/1.1 server on loopback that answers as a test tells it. Real sockets, a thread a connection.
final class StubServer: Sendable {
    struct Request: Sendable {
        let method: String
        let target: String
        /// By lower-case name.
        let headers: [String: String]
        let body: String
        /// Counts the TCP connections from 1.
        let connection: Int
    }

    enum Answer: Sendable {
        case status(Int, body: String = "{}", headers: [String: String] = [:])
        /// An answer, and then the connection is closed without having said so.
        case statusThenClose(Int)
        /// Nothing, for as long as the client waits.
        case hang
        /// RST instead of an answer.
        case reset
        /// Half of the promised body, then the end.
        case truncated
    }

    private struct State {
        var requests: [Request] = []
        var connections: [Int32] = []
        var isStopped = false
    }

    let port: Int
    private let socket: Int32
    private let answer: @Sendable (Request) -> Answer
    private let state = Mutex(State())

    var url: String { "http://127.0.0.1:\(self.port)" }
    var requests: [Request] { self.state.withLock { $0.requests } }

    init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, address, &length) == 0
            }
        }
        guard bound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.socket = listener
        self.port = Int(UInt16(bigEndian: address.sin_port))
        self.answer = answer
        Thread { [self] in self.accept() }.start()
    }

    func stop() {
        let connections = self.state.withLock { state in
            state.isStopped = true
            return state.connections
        }
        for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
        shutdown(self.socket, Int32(SHUT_RDWR))
        close(self.socket)
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(self.socket, nil, nil)
            guard connection >= 0 else { return }
            let number = self.state.withLock { state in
                state.connections.append(connection)
                return state.connections.count
            }
            Thread { [self] in self.serve(connection, number) }.start()
        }
    }

    private func serve(_ connection: Int32, _ number: Int) {
        defer { close(connection) }
        var buffer = Data()
        while let request = self.read(connection, &buffer, number) {
            self.state.withLock { $0.requests.append(request) }
            switch self.answer(request) {
            case .status(let status, let body, let headers): self.write(connection, status, body, headers, promising: body.utf8.count)
            case .statusThenClose(let status):
                self.write(connection, status, "{}", [:], promising: 2)
                return
            case .hang: _ = Glibc.read(connection, UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1), 1)
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
                return
            case .truncated:
                self.write(connection, 200, #"{"half":"#, [:], promising: 1000)
                return
            }
        }
    }

    private func read(_ connection: Int32, _ buffer: inout Data, _ number: Int) -> Request? {
        let separator = Data("\r\n\r\n".utf8)
        var chunk = [UInt8](repeating: 0, count: 65536)
        func more() -> Bool {
            let count = Glibc.read(connection, &chunk, chunk.count)
            if count > 0 { buffer.append(contentsOf: chunk[0..<count]) }
            return count > 0
        }
        while buffer.range(of: separator) == nil { guard more() else { return nil } }
        guard let end = buffer.range(of: separator) else { return nil }
        let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffer.distance(from: end.upperBound, to: buffer.endIndex) < length { guard more() else { return nil } }
        let bodyEnd = buffer.index(end.upperBound, offsetBy: length)
        let body = String(decoding: buffer[end.upperBound..<bodyEnd], as: UTF8.self)
        buffer = Data(buffer[bodyEnd...])
        return Request(method: String(words[0]), target: String(words[1]), headers: headers, body: body, connection: number)
    }

    private func write(_ connection: Int32, _ status: Int, _ body: String, _ headers: [String: String], promising length: Int) {
        var text = "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(length)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        let bytes = Array("\(text)\r\n\(body)".utf8)
        _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
