/// How one service is reached and how far it is believed: whom its certificate must be from, and how much it may send.
public struct HTTPOptions: Sendable {
    /// The service in a word, for errors and metrics.
    public var name: String
    /// CA certificates that may have signed the server's; `nil`: those that the system trusts.
    public var authorities: PEMFile?
    /// Shown to a server that asks for one.
    public var certificate: PEMFile?
    /// Of the certificate.
    public var key: PEMFile?
    /// `http://host:port`, perhaps with user and password. What the environment says of proxies is not heeded.
    public var proxy: Secret?
    /// Names that lead to a link-local address are not connected to, unless a proxy looks them up.
    public var refusesLinkLocal = false
    /// The service may speak HTTP/2 (over TLS): then requests wait for its first connection and share it.
    public var isMultiplexed = false
    /// How many requests are under way at a time; those above it wait, their deadlines running. At least 1.
    public var concurrency = 64
    public var limits = HTTPLimits()

    public init(name: String = "other") { self.name = name }
}

/// What ends a request whatever the peer does. Enforced while the answer is read.
public struct HTTPLimits: Sendable {
    /// Of an answer's body, decoded. A list of one build's pods has a few thousand.
    public var bodyBytes: Int
    /// Of all bodies that are under way: as many may come at once as there are builds in hand. One below a sixteenth of ``bodyBytes`` always has room.
    public var bodiesBytes = Int.max
    /// Of an answer's headers, with those of interim answers and trailers.
    public var headerBytes: Int
    /// From the name's resolution to the end of the TLS handshake.
    public var connect: Duration
    /// A peer that acknowledges nothing for so long is gone, request or not.
    public var deadPeer: Duration

    public init(bodyBytes: Int = 16 << 20, headerBytes: Int = 256 << 10, connect: Duration = .seconds(5), deadPeer: Duration = .seconds(30)) {
        (self.bodyBytes, self.headerBytes, self.connect, self.deadPeer) = (bodyBytes, headerBytes, connect, deadPeer)
    }
}
