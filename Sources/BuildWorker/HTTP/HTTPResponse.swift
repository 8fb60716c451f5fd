/// An answer, whatever its status.
public struct HTTPResponse: Sendable {
    public let status: Int
    /// Empty for a redirect, and for a 401 that asks for a password.
    public let body: [UInt8]

    public init(status: Int, body: [UInt8]) { (self.status, self.body) = (status, body) }
}
