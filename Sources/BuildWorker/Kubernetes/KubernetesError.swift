/// What the API server refused, or why it could not be asked. Safe to log and to show to a build's owner.
public struct KubernetesError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// 409: a pod of that name exists.
        case alreadyExists
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
        /// An answer that means nothing here, a redirect for example.
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
    /// The `message` of the API server's Status, at most 1,000 characters on one line.
    public let message: String

    public init(operation: String, code: Code, status: Int? = nil, reason: String? = nil, message: String = "") {
        self.operation = operation
        self.code = code
        self.status = status
        self.reason = reason
        self.message = String(String.UnicodeScalarView(message.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }).prefix(1000))
    }

    /// Another attempt may succeed without anybody's help to *this* request.
    public var isRetriable: Bool {
        switch self.code {
        case .alreadyExists, .invalid, .notFound: false
        case .quotaExceeded, .forbidden, .unauthorized, .namespaceNotFound, .tooManyRequests, .serverError, .unexpectedStatus, .unreadableAnswer,
            .unreachable, .noToken:
            true
        }
    }

    /// The worker is set up wrongly: every request of it would fail like this.
    public var isWorkersFault: Bool {
        switch self.code {
        case .forbidden, .unauthorized, .namespaceNotFound, .noToken: true
        case .alreadyExists, .invalid, .quotaExceeded, .notFound, .tooManyRequests, .serverError, .unexpectedStatus, .unreadableAnswer, .unreachable: false
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
    init(_ operation: String, _ response: HTTPResponse) {
        let document = Self.document(response.body)
        let reason = document?["reason"]?.string
        let message = document?["message"]?.string ?? ""
        let kind = document?[path: "details", "kind"]?.string
        let code: Code =
            switch response.status {
            case 409: .alreadyExists
            case 400, 422: .invalid
            case 401: .unauthorized
            case 403: message.contains("exceeded quota") ? .quotaExceeded : .forbidden
            case 404: kind == "namespaces" || message.hasPrefix("namespaces ") ? .namespaceNotFound : .notFound
            case 429: .tooManyRequests
            case 500...599: .serverError
            default: .unexpectedStatus
            }
        self.init(operation: operation, code: code, status: response.status, reason: reason, message: message)
    }

    private static func document(_ body: [UInt8]) -> JSONValue? {
        // What is not JSON has nothing to say here.
        do throws(JSONError) { return try JSONValue(parsing: body) } catch { return nil }
    }
}
