/// Why a request has no answer. Whether it had its effect is not known. Safe to log.
public struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// No whole answer before the deadline.
        case timedOut = "timed out"
        case cannotConnect = "connection refused or host unreachable"
        case connectionLost = "connection lost"
        case cannotResolve = "host name cannot be resolved"
        case untrusted = "TLS failed: the server's certificate is not trusted, or not for this host"
        case invalidURL = "not a usable address"
        /// URLSession does not say more, for example after half an answer or a failed TLS handshake.
        case other = "failed"
    }

    /// Method and address.
    public let operation: String
    public let code: Code
    public let detail: String

    /// Whether another attempt may get an answer without anybody's help.
    public var isRetriable: Bool { self.code != .invalidURL }

    public var description: String { "\(self.operation): \(self.code.rawValue)\(self.detail.isEmpty ? "" : " (\(self.detail))")" }
}
