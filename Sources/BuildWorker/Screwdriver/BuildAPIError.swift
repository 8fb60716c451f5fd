/// Why the build API did not take or say something. Safe to log.
public struct BuildAPIError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        case status(Int)
        case unreachable(HTTPError.Code)
        case unreadableAnswer
    }

    /// For example `update build 4711`.
    public let operation: String
    public let code: Code
    /// What the API said, at most 300 characters.
    public let message: String

    public init(operation: String, code: Code, message: String) {
        (self.operation, self.code, self.message) = (operation, code, String(message.prefix(300)))
    }

    /// 5xx, 408, 429 and the network may pass; any other 4xx is final.
    public var isRetriable: Bool {
        switch self.code {
        case .status(let status): status >= 500 || status == 408 || status == 429
        case .unreachable(let code): code != .invalidURL
        case .unreadableAnswer: true
        }
    }

    public var description: String {
        switch self.code {
        case .status(let status): "\(self.operation): \(status) \(self.message)"
        case .unreachable, .unreadableAnswer: "\(self.operation): \(self.message)"
        }
    }
}
