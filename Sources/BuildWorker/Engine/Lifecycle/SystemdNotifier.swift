internal import Glibc

/// Reports service state to systemd (sd_notify(3): `Type=notify`, `WatchdogSec=`).
struct SystemdNotifier: Sendable {
    private let socketPath: String
    /// systemd kills the service after this time without a notification.
    let watchdog: Duration?

    /// - Parameter environment: of the process. `nil` if systemd did not start it or expects no notifications.
    init?(_ environment: [String: String], pid: Int) {
        guard let path = environment["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@") else { return nil }
        self.socketPath = path
        let isForUs = environment["WATCHDOG_PID"].map { Int($0) == pid } ?? true
        self.watchdog =
            isForUs
            ? environment["WATCHDOG_USEC"].flatMap { Int($0) }.flatMap { $0 > 0 ? .microseconds($0) : nil } : nil
    }

    /// - Returns: whether systemd's socket accepted the lines, such as `READY=1`.
    @discardableResult
    func send(_ message: String) -> Bool {
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(self.socketPath.utf8)
        // Abstract sockets begin with a zero byte, written as @ in the variable.
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count + (path.first == 0 ? 0 : 1))
        let bytes = Array(message.utf8)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        return sent == bytes.count
    }
}
