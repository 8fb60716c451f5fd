internal import CCurl
package import Support

/// A request. Must be safe to send twice: libcurl resends it if a reused connection turns out to be closed without a
/// response. Its description has method and URL only: headers, queries and bodies may contain secrets.
package struct HTTPRequest: Sendable, CustomStringConvertible, CustomReflectable {
    package var method: String
    /// Absolute, percent-encoded, `http` or `https`.
    package var url: String
    /// Sent as `Authorization: Bearer …`.
    package var bearer: Secret?
    /// `user:password`. Sent as `Authorization: Basic …`, unless ``bearer`` is set.
    package var basic: Secret?
    package var body: [UInt8]?
    package var contentType = "application/json"
    package var accept = "application/json"

    package init(method: String, url: String, bearer: Secret? = nil, body: [UInt8]? = nil) {
        (self.method, self.url, self.bearer, self.body) = (method, url, bearer, body)
    }

    /// Why the request cannot be sent at all.
    var problem: HTTPError? {
        guard Self.isUsable(self.url) else { return HTTPError(operation: self.description, code: .invalidURL) }
        // A line break in it would inject another header.
        guard self.bearer.map({ !$0.isEmpty && $0.exposed.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) ?? true else {
            return HTTPError(operation: self.description, code: .invalidToken)
        }
        return nil
    }

    /// Absolute, `http` or `https`, with a host, without user, spaces and control characters. libcurl checks the rest.
    private static func isUsable(_ url: String) -> Bool {
        let bytes = url.utf8
        guard
            let scheme = ["http://", "https://"].first(where: {
                bytes.count > $0.utf8.count && zip(bytes, $0.utf8).allSatisfy { $0 | 0x20 == $1 | 0x20 }
            })
        else { return false }
        let authority = bytes.dropFirst(scheme.utf8.count).prefix { !"/?#".utf8.contains($0) }
        return !authority.isEmpty && !authority.contains(UInt8(ascii: "@"))
            && bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
    }

    /// Whether an IP address is in 169.254.0.0/16 or fe80::/10, in any notation, such as a number or IPv4-mapped IPv6.
    ///
    /// - Parameter host: without brackets. A name never is, whatever it resolves to.
    static func isLinkLocal(_ host: String) -> Bool { ccurl_is_link_local(host) }

    /// `GET https://host:6443/path`: without user and query.
    package var description: String { Self.description(self.method, self.url) }
    static func description(_ method: String, _ url: String) -> String { "\(method) \(Self.address(of: url))" }
    package var customMirror: Mirror {
        Mirror(self, children: ["request": self.description, "bytes": self.body?.count ?? 0])
    }

    private static func address(of url: String) -> String {
        let visible = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = visible.firstRange(of: "://") else { return "an address without a scheme" }
        let rest = visible[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return "\(visible[..<scheme.upperBound])\(host)\(rest[authority.endIndex...])".sanitizedForLog(limit: 300)
    }
}
