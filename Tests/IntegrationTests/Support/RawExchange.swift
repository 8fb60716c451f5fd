import Foundation
import TestSupport

/// Bytes to a server, and all that it says until it closes the connection.
enum RawExchange {
    static func send(_ text: String, to server: String) throws -> [UInt8] {
        guard let port = server.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw NotInTime(description: "\(server) names no port")
        }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        let request = Array(text.utf8)
        // A few hundred bytes fit the socket's buffer.
        guard isConnected, Glibc.send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw NotInTime(description: "no connection to \(server): \(errno)")
        }
        var received: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = recv(descriptor, &part, part.count, 0)
            guard count >= 0 else { throw NotInTime(description: "\(server) neither said more nor closed: \(errno)") }
            if count == 0 { return received }
            received += part[..<count]
        }
    }
}
