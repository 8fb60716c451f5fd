package import Support

/// How to connect to one service, which certificates to trust, and how much it may send.
package struct HTTPOptions: Sendable {
    /// The service's short name, for errors and metrics.
    package var name: String
    /// The CA certificates for the server's certificate; `nil`: the system's.
    package var authorities: PEMFile?
    /// The client certificate, for servers that require one.
    package var certificate: PEMFile?
    package var key: PEMFile?
    /// `http://host:port`, optionally with user and password. Proxy environment variables are ignored.
    package var proxy: Secret?
    /// Rejects names that resolve to a link-local address, unless a proxy resolves them.
    package var refusesLinkLocal = false
    /// The service may speak HTTP/2 (over TLS): requests wait for its first connection and share it.
    package var isMultiplexed = false
    /// Maximum requests in flight, at least 1; others wait while their deadlines run.
    package var concurrency = 64
    package var limits = HTTPLimits()

    package init(name: String = "other") { self.name = name }
}

/// Limits on a request, whatever the peer does. Enforced while the response is read.
package struct HTTPLimits: Sendable {
    /// Maximum size of a decoded body. A list of one build's pods has a few thousand bytes.
    package var bodyBytes: Int
    /// Maximum size of all bodies in progress. A body below a sixteenth of ``bodyBytes`` always fits.
    package var bodiesBytes = Int.max
    /// Maximum size of a response's headers, including interim responses and trailers.
    package var headerBytes: Int
    /// From name resolution to the end of the TLS handshake.
    package var connect: Duration
    /// A peer that acknowledges nothing for this long is dead, with or without a request.
    package var deadPeer: Duration

    package init(
        bodyBytes: Int = 16 << 20, headerBytes: Int = 256 << 10, connect: Duration = .seconds(5),
        deadPeer: Duration = .seconds(30)
    ) {
        (self.bodyBytes, self.headerBytes, self.connect, self.deadPeer) = (bodyBytes, headerBytes, connect, deadPeer)
    }
}
