/// What the API server refused, or why it could not be asked. Safe to log and to show to a build's owner.
public struct KubernetesError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// 409: a pod of that name exists.
        case alreadyExists
        /// Any other 409: somebody changed the same thing at the same time.
        case conflict
        /// 400, 422: the request can never succeed.
        case invalid
        /// 403 that names an exceeded quota.
        case quotaExceeded
        /// Any other 403.
        case forbidden
        /// 401
        case unauthorized
        /// 404 of the namespace.
        case namespaceNotFound
        /// 404 of the object itself.
        case notFound
        /// 429
        case tooManyRequests
        /// 5xx
        case serverError
        /// An answer that means nothing here: a redirect, or a 404 that is not the API server's.
        case unexpectedStatus
        case unreadableAnswer
        case unreachable(HTTPError.Code)
        /// There is no token to ask with.
        case noToken
    }

    /// For example `create pod`.
    public let operation: String
    public let code: Code
    public let status: Int?
    /// The `reason` of the API server's Status, for example `Forbidden`.
    public let reason: String?
    /// The `message` of the API server's Status, at most 1,000 characters on one line, without what looks like a token.
    public let message: String

    /// - Parameter secrets: what must not stand in the message, should the API server quote it.
    public init(operation: String, code: Code, status: Int? = nil, reason: String? = nil, message: String = "", hiding secrets: [Secret] = []) {
        self.operation = operation
        self.code = code
        self.status = status
        self.reason = reason?.safeToShow(limit: 100, hiding: secrets)
        self.message = message.safeToShow(limit: 1000, hiding: secrets)
    }

    /// Another attempt may succeed without anybody's help to *this* request.
    public var isRetriable: Bool {
        switch self.code {
        case .alreadyExists, .invalid, .notFound: false
        case .conflict, .quotaExceeded, .forbidden, .unauthorized, .namespaceNotFound, .tooManyRequests, .serverError, .unexpectedStatus, .unreadableAnswer,
            .noToken:
            true
        case .unreachable(let code): code.isRetriable
        }
    }

    /// The worker is set up wrongly: every request of it would fail like this.
    public var isWorkersFault: Bool {
        switch self.code {
        case .forbidden, .unauthorized, .namespaceNotFound, .noToken: true
        case .alreadyExists, .conflict, .invalid, .quotaExceeded, .notFound, .tooManyRequests, .serverError, .unexpectedStatus, .unreadableAnswer: false
        case .unreachable(let code): code == .invalidURL
        }
    }

    /// The API server itself may be away: then every request fails like this, whichever build it is for.
    public var mayBeOutage: Bool {
        switch self.code {
        case .unauthorized, .noToken, .tooManyRequests, .serverError: true
        case .alreadyExists, .conflict, .invalid, .notFound, .namespaceNotFound, .quotaExceeded, .forbidden, .unexpectedStatus, .unreadableAnswer: false
        // An answer that is too large is one.
        case .unreachable(let code): !code.isLocal && code != .tooLarge
        }
    }

    /// `create pod: 500 InternalError "etcd is away"`
    public var description: String {
        let status = [self.status.map { String($0) }, self.reason].compactMap { $0 }.joined(separator: " ")
        let said = self.status == nil ? self.message : "\"\(self.message)\""
        return "\(self.operation): " + [status, self.message.isEmpty ? "" : said].filter { !$0.isEmpty }.joined(separator: " ")
    }
}

extension KubernetesError {
    /// Reads a `Status` object; an answer of a proxy in between is none, and then its status has to do.
    init(_ operation: String, _ response: HTTPResponse, hiding secrets: [Secret]) {
        let document = Self.document(response.body)
        // A server that is too busy says so in plain text: not even its limits speak of a `Status`.
        let reason = document?["reason"]?.string ?? (response.status == 429 ? "TooManyRequests" : nil)
        let message = document?["message"]?.string ?? ""
        let kind = document?[path: "details", "kind"]?.string
        let code: Code =
            switch response.status {
            // Other conflicts pass: a quota that several requests changed at once, for example.
            case 409: reason == nil || reason == "AlreadyExists" ? .alreadyExists : .conflict
            case 400, 422: .invalid
            case 401: .unauthorized
            case 403: message.contains("exceeded quota") ? .quotaExceeded : .forbidden
            case 404 where kind == "namespaces" || message.hasPrefix("namespaces "): .namespaceNotFound
            // "Not here" must come from who knows: a proxy's 404 would pass for a pod that is gone.
            case 404 where document?["kind"]?.string == "Status": .notFound
            case 429: .tooManyRequests
            case 500...599: .serverError
            default: .unexpectedStatus
            }
        self.init(operation: operation, code: code, status: response.status, reason: reason, message: message, hiding: secrets)
    }

    private static func document(_ body: [UInt8]) -> JSONValue? {
        // What is not JSON has nothing to say here.
        do throws(JSONError) { return try JSONValue(parsing: body) } catch { return nil }
    }
}
