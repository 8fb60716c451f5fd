import Foundation

/// A port for a server that cannot be told to choose one itself.
package enum FreePort {
    /// Below the range from which the kernel serves outgoing connections, so that it stays free until somebody listens on it.
    private static let range: ClosedRange<UInt16> = 15_000...32_000

    /// - Returns: a port of 127.0.0.1 that nobody listens on.
    package static func find() throws -> Int {
        for port in self.range.shuffled().prefix(1000) where try self.isFree(port) { return Int(port) }
        throw NotInTime(description: "no TCP port is to be had")
    }

    private static func isFree(_ port: UInt16) throws -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw NotInTime(description: "no socket is to be had: \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
