internal import CCurl
package import Support

/// One request. It must do no harm when the server gets it twice: libcurl sends it once more where the connection it went out on, used
/// before, turns out to have been dropped without an answer. Its description names method and address only: headers, queries and bodies may hold secrets.
package struct HTTPRequest: Sendable, CustomStringConvertible, CustomReflectable {
    package var method: String
    /// Absolute, percent-encoded, `http` or `https`.
    package var url: String
    /// Sent as `Authorization: Bearer …`.
    package var bearer: Secret?
    /// `user:password`. Sent as `Authorization: Basic …`, unless there is a ``bearer``.
    package var basic: Secret?
    package var body: [UInt8]?
    /// Of the body.
    package var contentType = "application/json"
    /// Which answers are understood.
    package var accept = "application/json"

    package init(method: String, url: String, bearer: Secret? = nil, body: [UInt8]? = nil) {
        (self.method, self.url, self.bearer, self.body) = (method, url, bearer, body)
    }

    /// What keeps it from being sent at all, whoever might have answered it.
    var problem: HTTPError? {
        guard Self.isUsable(self.url) else { return HTTPError(operation: self.description, code: .invalidURL) }
        // A line break in it would begin another header.
        guard self.bearer.map({ !$0.isEmpty && $0.exposed.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) ?? true else {
            return HTTPError(operation: self.description, code: .invalidToken)
        }
        return nil
    }

    /// Absolute, `http` or `https`, with a host and without user, spaces and controls. Whatever else is wrong libcurl finds.
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

    /// 169.254.0.0/16 or fe80::/10, however it is written: also as one number, with hexadecimal or octal parts, or as an IPv4 address in an IPv6 one.
    ///
    /// - Parameter host: without brackets. A name is none, wherever it leads.
    static func isLinkLocal(_ host: String) -> Bool { ccurl_is_link_local(host) }

    /// `GET https://host:6443/path`: neither user nor query.
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
