/// An answer, whatever its status.
public struct HTTPResponse: Sendable {
    public let status: Int
    /// By name, as the server spelled it.
    private let headers: [String: String]
    public let body: [UInt8]

    public init(status: Int, headers: [String: String] = [:], body: [UInt8]) { (self.status, self.headers, self.body) = (status, headers, body) }

    /// - Parameter name: in any case of letters.
    /// - Returns: its value; of a header that came more than once the values with commas between them.
    public func header(_ name: String) -> String? {
        self.headers[name] ?? self.headers.first { $0.key.lowercased() == name.lowercased() }?.value
    }
}
