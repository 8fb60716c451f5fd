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
    /// What the API said, at most 300 characters on one line, without what looks like a token.
    public let message: String

    /// - Parameter secrets: what must not stand in the message, should the API quote it.
    public init(operation: String, code: Code, message: String, hiding secrets: [Secret] = []) {
        (self.operation, self.code, self.message) = (operation, code, message.safeToShow(limit: 300, hiding: secrets))
    }

    public var status: Int? { if case .status(let status) = self.code { status } else { nil } }

    /// The API has said no for good: 4xx, but for 408 and 429. Anything else may pass, a redirect too: it is somebody's misconfiguration, and
    /// what the API did not take must not be lost over it. What this worker cannot even send is no answer of the API's.
    public var isRefusal: Bool {
        switch self.code {
        case .status(let status): (400..<500).contains(status) && status != 408 && status != 429
        case .unreachable, .unreadableAnswer: false
        }
    }

    /// Whether the same request, a moment later, may fare better.
    public var isRetriable: Bool { if case .unreachable(let code) = self.code { code.isRetriable } else { !self.isRefusal } }

    /// The API itself may be away: then every request fails like this, whichever build it is for.
    public var mayBeOutage: Bool {
        switch self.code {
        case .status(let status): status >= 500 || status == 429
        case .unreachable(let code): !code.isLocal && code != .tooLarge
        case .unreadableAnswer: false
        }
    }

    public var description: String {
        switch self.code {
        case .status(let status): "\(self.operation): \(status)\(self.message.isEmpty ? "" : " \"\(self.message)\"")"
        case .unreachable, .unreadableAnswer: "\(self.operation): \(self.message)"
        }
    }
}
