/// One request. Its description names method and address only: headers, queries and bodies may hold secrets.
public struct HTTPRequest: Sendable, CustomStringConvertible, CustomReflectable {
    public var method: String
    /// Absolute, percent-encoded, `http` or `https`.
    public var url: String
    /// Sent as `Authorization: Bearer …`.
    public var bearer: Secret?
    public var body: [UInt8]?
    /// Of the body.
    public var contentType = "application/json"
    /// Which answers are understood.
    public var accept = "application/json"
    /// Whether it does no harm when the server gets it twice: then it is sent once more, at once, where the connection
    /// it went out on turns out to have been dropped. `false` for `POST` unless set.
    ///
    /// Not a promise of the opposite: libcurl repeats a request without a body by itself in that case, whatever its method.
    public var isRepeatable: Bool

    /// Whom it asks, in a word, for those who measure.
    public var service: String

    public init(
        method: String, url: String, service: String = "other", bearer: Secret? = nil, body: [UInt8]? = nil, isRepeatable: Bool? = nil
    ) {
        self.service = service
        (self.method, self.url, self.bearer, self.body) = (method, url, bearer, body)
        self.isRepeatable = isRepeatable ?? (method != "POST")
    }

    /// `GET https://host:6443/path`: neither user nor query.
    public var description: String { "\(self.method) \(Self.address(of: self.url))" }
    public var customMirror: Mirror { Mirror(self, children: ["request": self.description, "bytes": self.body?.count ?? 0]) }

    private static func address(of url: String) -> String {
        let visible = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = visible.firstRange(of: "://") else { return "an address without a scheme" }
        let rest = visible[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        return "\(visible[..<scheme.upperBound])\(host)\(rest[authority.endIndex...])".safeToShow(limit: 300)
    }
}
