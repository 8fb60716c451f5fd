internal import Foundation

/// A connection to a port of 127.0.0.1 that says what no honest client would.
package final class RawConnection: Sendable {
    private let descriptor: Int32

    package init(port: Int) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // For a test that goes wrong; nothing is waited for as long as this.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(self.descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        // What is not read stays with the peer: by itself this kernel may take 32 MB.
        var size: Int32 = 1 << 16
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw NotInTime(description: "no connection to port \(port): \(errno)") }
    }

    deinit { close(self.descriptor) }

    /// Blocks until the kernel has taken it.
    /// - Returns: whether it has; if not, the peer has closed the connection.
    @discardableResult
    package func send(_ text: String) -> Bool { self.send(Array(text.utf8)) }

    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// What has been said is all.
    package func endSending() { shutdown(self.descriptor, Int32(SHUT_WR)) }

    /// All that is said until the peer closes; blocks so long. A reset is a close.
    package func rest() -> String {
        var (received, part): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 1 << 16))
        while case let count = recv(self.descriptor, &part, part.count, 0), count > 0 { received += part[..<count] }
        return String(decoding: received, as: UTF8.self)
    }

    /// Whether the peer has closed it, without waiting and with what it said before left unread.
    package var isClosed: Bool {
        let count = self.peek()
        return count == 0 || count < 0 && errno != EAGAIN
    }

    package var isAnswered: Bool { self.peek() > 0 }

    private func peek() -> Int {
        var byte: UInt8 = 0
        return recv(self.descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
    }
}
