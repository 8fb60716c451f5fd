internal import Foundation
internal import TestSupport

/// A request of somebody who should not be answered, or not that way.
struct Visitor: Sendable {
    static let strangersName = "evil.example"

    let name: String
    let bytes: [UInt8]
    /// How the answer may begin.
    let statuses: [String]

    private init(_ name: String, _ text: String, _ statuses: String...) {
        (self.name, self.bytes, self.statuses) = (name, Array(text.utf8), statuses)
    }

    func isRight(_ answer: String) -> Bool {
        self.statuses.contains { answer.hasPrefix("HTTP/1.1 \($0)") } && !answer.dropFirst(9).contains("HTTP/1.1 ")
    }

    static let rows: [Visitor] = [
        Visitor("a stranger's name", "GET /livez HTTP/1.1\r\nHost: \(Self.strangersName)\r\n\r\n", "421"),
        Visitor("no name", "GET /livez HTTP/1.1\r\n\r\n", "400"),
        Visitor("two names", "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "400"),
        Visitor("a long head", "GET /livez HTTP/1.1\r\nX: " + String(repeating: "x", count: 40_000), "400"),
        Visitor("a long path", "GET /" + String(repeating: "x", count: 40_000), "400"),
        Visitor(
            "many headers",
            "GET /livez HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "a:b\r\n", count: 8000) + "\r\n", "400"),
        Visitor("no HTTP", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n", "400"),
        Visitor(
            "a body", "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9223372036854775807\r\n\r\nx", "405"),
        Visitor(
            "chunks",
            "POST /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "405",
            "400"),
        Visitor("a way out", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"),
        Visitor(
            "another protocol", "GET /livez HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
            "200"),
        Visitor("what it is for", "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"),
    ]

    /// For calls that block.
    static func blocking<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in Thread { continuation.resume(returning: body()) }.start() }
    }

    /// - Returns: the answer; what is refused, or closed without one, is nothing.
    static func ask(_ port: Int, _ bytes: [UInt8]) async -> String {
        await self.blocking {
            guard let connection = try? RawConnection(port: port) else { return "" }
            connection.send(bytes)
            connection.endSending()
            return connection.rest()
        }
    }
}

/// A port that lets everybody in and says nothing.
final class SilentPort: Sendable {
    let port: Int
    private let socket: Int32

    init() throws {
        self.port = try FreePort.find()
        self.socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(self.port).bigEndian
        let socket = self.socket
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(socket, 1024) == 0
            }
        }
        guard isBound else { throw NotInTime(description: "nobody can listen on port \(self.port): \(errno)") }
    }

    func close() { Glibc.close(self.socket) }
}
