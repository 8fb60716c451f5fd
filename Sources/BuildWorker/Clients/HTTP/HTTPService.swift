internal import CCurl
internal import Glibc
internal import Synchronization

/// The engine's state for one service: its sockets, and waiting requests.
///
/// Unchecked: mutable state belongs to the engine's thread, except for the counts, which have a lock.
final class HTTPService: @unchecked Sendable {
    let options: HTTPOptions
    private let counts = Mutex(HTTPConnectionCounts())
    /// Called on the engine's thread for every completed request: method, result, duration, measurements if sent.
    let onEnd: @Sendable (String, Result<Int, HTTPError>, Duration, HTTPMeasurements?) -> Void

    var underWay = 0
    /// Bytes of response bodies in progress.
    var bodyBytes = 0
    var waiting: [HTTPTransfer] = []
    /// When the service last sent anything.
    var lastHeard = ContinuousClock.now
    /// The inode by descriptor: libcurl does not report closing an unconnected socket, whose number may be reused.
    private var sockets: [Int32: ino_t] = [:]
    /// The last socket could not be created: too many open descriptors.
    private(set) var lacksDescriptors = false
    /// libcurl uses it while there are connections, so while the engine exists, which retains this object.
    let hooks = UnsafeMutablePointer<ccurl_sockets>.allocate(capacity: 1)

    init(
        _ options: HTTPOptions,
        onEnd: @escaping @Sendable (String, Result<Int, HTTPError>, Duration, HTTPMeasurements?) -> Void
    ) {
        (self.options, self.onEnd) = (options, onEnd)
        self.hooks.initialize(
            to: ccurl_sockets(
                changed: { context, descriptor, isOpen in
                    guard let context else { return }
                    Unmanaged<HTTPService>.fromOpaque(context).takeUnretainedValue().socket(descriptor, isOpen: isOpen)
                }, context: nil, dead_peer_ms: Int32(clamping: options.limits.deadPeer.milliseconds),
                refuses_link_local: options.refusesLinkLocal && options.proxy == nil, refused_link_local: false))
        self.hooks.pointee.context = Unmanaged.passUnretained(self).toOpaque()
    }

    /// The last resolved address was link-local.
    var refusedLinkLocal: Bool { self.hooks.pointee.refused_link_local }

    deinit { self.hooks.deallocate() }

    var connections: HTTPConnectionCounts { self.counts.withLock { $0 } }

    private func socket(_ descriptor: Int32, isOpen: Bool) {
        self.lacksDescriptors = descriptor < 0
        self.sockets[descriptor] = isOpen ? Self.inode(of: descriptor) : nil
        self.forgetClosedSockets()
    }

    private static func inode(of descriptor: Int32) -> ino_t? {
        var information = stat()
        return fstat(descriptor, &information) == 0 ? information.st_ino : nil
    }

    /// Call after failed requests, too: one cancelled while connecting closes its socket without notice.
    func forgetClosedSockets() {
        self.sockets = self.sockets.filter { $1 == Self.inode(of: $0) }
        let open = self.sockets.count
        self.counts.withLock { $0.open = open }
    }

    /// Call once per request, as soon as its connection is known.
    func countConnection(_ measurements: HTTPMeasurements) {
        self.counts.withLock { counts in
            counts.opened += measurements.connectionsOpened
            if measurements.connectionsOpened == 0 { counts.reused += 1 }
        }
    }

    func countBytes(_ measurements: HTTPMeasurements) {
        self.counts.withLock { counts in
            counts.bytesSent += measurements.bytesSent
            counts.bytesReceived += measurements.bytesReceived
        }
    }

    /// Call if nothing was received on any connection for a whole deadline: over HTTP/2 the next request would fail the
    /// same way, because cancelling a request leaves its connection open.
    func shutConnections() {
        self.forgetClosedSockets()
        for descriptor in self.sockets.keys { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
}

/// Totals for one service since the process started.
package struct HTTPConnectionCounts: Sendable, Hashable {
    package var opened = 0
    package var reused = 0
    /// Sockets currently open; a connection being established may have two.
    package var open = 0
    /// Including headers; over HTTP/2 as if sent over HTTP/1.1.
    package var bytesSent = 0
    package var bytesReceived = 0
}

package struct HTTPMeasurements: Sendable, Hashable {
    package var connectionsOpened = 0
    /// Name resolution and TCP, for a new connection.
    package var connect: Duration?
    package var handshake: Duration?
    package var bytesSent = 0
    package var bytesReceived = 0
}
