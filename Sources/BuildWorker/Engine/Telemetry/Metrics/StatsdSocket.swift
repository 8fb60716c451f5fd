internal import Glibc
internal import Synchronization

/// A UDP socket to a statsd server. Blocks only for name resolution: at the first packet and after a failure.
final class StatsdSocket: Sendable {
    private let host: String
    private let port: Int
    /// Delay before another name lookup after a failure.
    private static let pause = Duration.seconds(30)

    private struct State {
        /// -1: not open.
        var descriptor: Int32 = -1
        var retryAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    init(host: String, port: Int) { (self.host, self.port) = (host, port) }

    deinit { self.state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

    /// Packets that cannot be sent are lost.
    func send(_ packet: [UInt8]) {
        self.state.withLock { state in
            if state.descriptor < 0 {
                if let retryAt = state.retryAt, retryAt > .now { return }
                state.descriptor = self.connected()
                state.retryAt = state.descriptor < 0 ? .now + Self.pause : nil
            }
            guard state.descriptor >= 0 else { return }
            let descriptor = state.descriptor
            guard packet.withUnsafeBytes({ Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }) < 0
            else { return }
            // No server listens there, or it has moved: look up its name again.
            guard errno != EAGAIN, errno != EINTR else { return }
            close(descriptor)
            (state.descriptor, state.retryAt) = (-1, .now + Self.pause)
        }
    }

    private func connected() -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(self.host, String(self.port), &hints, &found) == 0 else { return -1 }
        defer { freeaddrinfo(found) }
        var next = found
        while let address = next?.pointee {
            let descriptor = socket(
                address.ai_family,
                Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            if descriptor >= 0, connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return descriptor }
            if descriptor >= 0 { close(descriptor) }
            next = address.ai_next
        }
        return -1
    }
}
