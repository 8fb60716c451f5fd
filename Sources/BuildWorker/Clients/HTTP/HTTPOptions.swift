package import Support

/// How one service is reached and how far it is believed: whom its certificate must be from, and how much it may send.
package struct HTTPOptions: Sendable {
    /// The service in a word, for errors and metrics.
    package var name: String
    /// CA certificates that may have signed the server's; `nil`: those that the system trusts.
    package var authorities: PEMFile?
    /// Shown to a server that asks for one.
    package var certificate: PEMFile?
    /// Of the certificate.
    package var key: PEMFile?
    /// `http://host:port`, perhaps with user and password. What the environment says of proxies is not heeded.
    package var proxy: Secret?
    /// Names that lead to a link-local address are not connected to, unless a proxy looks them up.
    package var refusesLinkLocal = false
    /// The service may speak HTTP/2 (over TLS): then requests wait for its first connection and share it.
    package var isMultiplexed = false
    /// How many requests are under way at a time; those above it wait, their deadlines running. At least 1.
    package var concurrency = 64
    package var limits = HTTPLimits()

    package init(name: String = "other") { self.name = name }
}

/// What ends a request whatever the peer does. Enforced while the answer is read.
package struct HTTPLimits: Sendable {
    /// Of an answer's body, decoded. A list of one build's pods has a few thousand.
    package var bodyBytes: Int
    /// Of all bodies that are under way: as many may come at once as there are builds in flight. One below a sixteenth of ``bodyBytes`` always has room.
    package var bodiesBytes = Int.max
    /// Of an answer's headers, with those of interim answers and trailers.
    package var headerBytes: Int
    /// From the name's resolution to the end of the TLS handshake.
    package var connect: Duration
    /// A peer that acknowledges nothing for so long is gone, request or not.
    package var deadPeer: Duration

    package init(
        bodyBytes: Int = 16 << 20, headerBytes: Int = 256 << 10, connect: Duration = .seconds(5),
        deadPeer: Duration = .seconds(30)
    ) {
        (self.bodyBytes, self.headerBytes, self.connect, self.deadPeer) = (bodyBytes, headerBytes, connect, deadPeer)
    }
}
