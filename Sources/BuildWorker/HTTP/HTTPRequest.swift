/// One request. Its description names method and address only: headers and bodies hold secrets.
public struct HTTPRequest: Sendable, CustomStringConvertible {
    public var method: String
    /// Absolute, percent-encoded.
    public var url: String
    /// Sent as `Authorization: Bearer …`.
    public var bearer: Secret?
    /// Sent as JSON.
    public var body: [UInt8]?

    public init(method: String, url: String, bearer: Secret? = nil, body: [UInt8]? = nil) {
        (self.method, self.url, self.bearer, self.body) = (method, url, bearer, body)
    }

    public var description: String { "\(self.method) \(self.url)" }
}

/// An answer, whatever its status.
public struct HTTPResponse: Sendable {
    public let status: Int
    public let body: [UInt8]

    public init(status: Int, body: [UInt8]) { (self.status, self.body) = (status, body) }
}
