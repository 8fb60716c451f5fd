internal import CCurl
internal import Glibc
internal import Synchronization

/// What the engine keeps for one service: its sockets, and who waits.
///
/// Unchecked: what changes belongs to the engine's thread, but for the counts, which have a lock.
final class HTTPService: @unchecked Sendable {
    let options: HTTPOptions
    private let counts = Mutex(HTTPConnectionCounts())
    /// Told of every request that ended, on the engine's thread: its method, its status or error, how long it took, and what it cost if it was sent.
    let onEnd: @Sendable (String, Result<Int, HTTPError>, Duration, HTTPMeasurements?) -> Void

    var underWay = 0
    /// Of answers that are under way.
    var bodyBytes = 0
    var waiting: [HTTPTransfer] = []
    /// When the service last sent anything.
    var lastHeard = ContinuousClock.now
    /// By descriptor, what the kernel knows them by: libcurl does not say when it closes one that was not connected yet, and the number is then
    /// somebody else's.
    private var sockets: [Int32: ino_t] = [:]
    /// The last socket could not be made: this process has too many descriptors.
    private(set) var lacksDescriptors = false
    /// libcurl calls through it for as long as there are connections, so for as long as there is an engine; that holds us.
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

    /// The last address that a name led to was one.
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

    /// Call it when a request has failed, too: one that was given up while it connected closes its socket without a word.
    func forgetClosedSockets() {
        self.sockets = self.sockets.filter { $1 == Self.inode(of: $0) }
        let open = self.sockets.count
        self.counts.withLock { $0.open = open }
    }

    /// Once for each request, as soon as it is known over what it went.
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

    /// Nothing came on any connection for a whole deadline: over HTTP/2 the next request would go the same way, since a request
    /// that is given up leaves its connection as it is.
    func shutConnections() {
        self.forgetClosedSockets()
        for descriptor in self.sockets.keys { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
}

/// Of one service, since the start of the process.
package struct HTTPConnectionCounts: Sendable, Hashable {
    /// Connections made.
    package var opened = 0
    /// Requests that went over a connection that was there.
    package var reused = 0
    /// Sockets that are open now; a connection in the making may have two.
    package var open = 0
    /// With headers; over HTTP/2 as they would be over HTTP/1.1.
    package var bytesSent = 0
    package var bytesReceived = 0
}

/// What one request cost.
package struct HTTPMeasurements: Sendable, Hashable {
    package var connectionsOpened = 0
    /// Name resolution and TCP, where a connection was made.
    package var connect: Duration?
    /// TLS, where there was a handshake.
    package var handshake: Duration?
    package var bytesSent = 0
    package var bytesReceived = 0
}
