import Foundation

/// Takes datagrams and keeps them in the socket's own buffer until they are asked for.
package final class UDPServer: Sendable {
    private let descriptor: Int32
    package let port: Int
    private let messages = Received()

    package init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw NotInTime(description: "no UDP port is to be had") }
        (self.descriptor, self.port) = (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    deinit { close(self.descriptor) }

    /// All datagrams so far.
    package func received() -> [String] { self.messages.drain(self.descriptor) }
}

/// What systemd would listen on.
package final class NotifySocket: Sendable {
    private let descriptor: Int32
    package let path: String
    private let messages = Received()

    package init() throws {
        let path = "/tmp/\(Surroundings.newName("notify"))"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound else { throw NotInTime(description: "\(path) cannot be listened on") }
        (self.descriptor, self.path) = (descriptor, path)
    }

    deinit {
        close(self.descriptor)
        unlink(self.path)
    }

    /// All datagrams so far.
    package func received() -> [String] { self.messages.drain(self.descriptor) }
}

private final class Received: Sendable {
    private let lock = NSLock()
    // Guarded by the lock.
    nonisolated(unsafe) private var all: [String] = []

    func drain(_ descriptor: Int32) -> [String] {
        self.lock.withLock {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
                self.all.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
            return self.all
        }
    }
}
