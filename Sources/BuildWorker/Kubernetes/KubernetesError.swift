/// What the API server refused, or why it could not be asked. Safe to log and to show to a build's owner.
public struct KubernetesError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// 409: a pod of that name exists.
        case alreadyExists
        /// Any other 409: somebody changed the same thing at the same time.
        case conflict
        /// 400, 422: the request can never succeed.
        case invalid
        /// 403 that names an exceeded quota, or one that the server is still counting.
        case quotaExceeded
        /// 403 of an admission webhook, PodSecurity, a LimitRange, a missing PriorityClass or service account…: no for this pod, whoever asks.
        case denied
        /// 403 for want of rights.
        case forbidden
        /// 403 of a server or a namespace that cannot say yes now.
        case notReady
        /// 401
        case unauthorized
        /// 404 of the namespace, or 403 because it is being deleted.
        case namespaceNotFound
        /// 404 of the object itself.
        case notFound
        /// 429
        case tooManyRequests
        /// 5xx
        case serverError
        /// An answer that means nothing here: a redirect, or a 403 or 404 that is not the API server's.
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
    /// How long the server asks to be left alone, at most five minutes.
    public let retryAfter: Duration?

    /// - Parameter secrets: what must not stand in the message, should the API server quote it.
    public init(
        operation: String, code: Code, status: Int? = nil, reason: String? = nil, message: String = "", retryAfter: Duration? = nil,
        hiding secrets: [Secret] = []
    ) {
        self.operation = operation
        self.code = code
        self.status = status
        self.retryAfter = retryAfter
        self.reason = reason?.safeToShow(limit: 100, hiding: secrets)
        self.message = message.safeToShow(limit: 1000, hiding: secrets)
    }

    /// No attempt can help: it is this pod that the answer is about.
    public var isFinal: Bool {
        switch self.code {
        case .invalid, .denied: true
        case .alreadyExists, .conflict, .notFound, .quotaExceeded, .forbidden, .notReady, .unauthorized, .namespaceNotFound, .tooManyRequests, .serverError,
            .unexpectedStatus, .unreadableAnswer, .noToken, .unreachable:
            false
        }
    }

    /// The worker is set up wrongly: every request of it would fail like this.
    public var isWorkersFault: Bool {
        switch self.code {
        case .forbidden, .unauthorized, .namespaceNotFound, .noToken: true
        case .alreadyExists, .conflict, .invalid, .denied, .notReady, .quotaExceeded, .notFound, .tooManyRequests, .serverError, .unexpectedStatus,
            .unreadableAnswer:
            false
        case .unreachable(let code): code == .invalidURL
        }
    }

    /// The API server itself may be away: then every request fails like this, whichever build it is for.
    public var mayBeOutage: Bool {
        switch self.code {
        case .unauthorized, .noToken, .notReady, .tooManyRequests, .serverError: true
        case .alreadyExists, .conflict, .invalid, .denied, .notFound, .namespaceNotFound, .quotaExceeded, .forbidden, .unexpectedStatus, .unreadableAnswer:
            false
        // An answer that is too large is one.
        case .unreachable(let code): !code.isLocal && code != .tooLarge
        }
    }

    public var problem: Problem {
        let failureClass: FailureClass =
            switch self.code {
            case .alreadyExists, .conflict, .notFound, .notReady, .tooManyRequests, .serverError, .unexpectedStatus, .unreadableAnswer: .cluster
            case .invalid: .rejected
            case .denied: .policy
            case .quotaExceeded: .quota
            case .forbidden, .unauthorized, .namespaceNotFound, .noToken: .rights
            case .unreachable(let code): code.isLocal ? .worker : .network
            }
        return Problem(failureClass, self.description)
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
            case 403 where document?["kind"]?.string == "Status": Self.meaning(ofForbidden: message, document?[path: "details", "causes"]?.array)
            case 404 where kind == "namespaces" || message.hasPrefix("namespaces "): .namespaceNotFound
            // "Not here" must come from who knows: a proxy's 404 would pass for a pod that is gone.
            case 404 where document?["kind"]?.string == "Status": .notFound
            case 429: .tooManyRequests
            case 500...599: .serverError
            default: .unexpectedStatus
            }
        self.init(
            operation: operation, code: code, status: response.status, reason: reason, message: message, retryAfter: response.retryAfter(), hiding: secrets)
    }

    /// A 403 has many meanings, and only its words tell them apart: authorisation (`k8s.io/apiserver` responsewriters), and after it each
    /// admission plugin in its own.
    private static func meaning(ofForbidden message: String, _ causes: [JSONValue]?) -> Code {
        func says(_ words: String...) -> Bool { words.contains { message.contains($0) } }
        if causes?.contains(where: { $0["reason"]?.string == "NamespaceTerminating" }) ?? false || says("because it is being terminated") {
            return .namespaceNotFound
        }
        // First, for webhooks and policies quote whatever they like.
        if message.hasPrefix("admission webhook \"") { return .denied }
        if says("exceeded quota", "status unknown for quota") { return .quotaExceeded }
        if says("not yet ready to handle request", "etcdserver: ", "timed out", "deadline exceeded", "connection refused") { return .notReady }
        // `pods is forbidden: User "x" cannot create resource …`, of no pod in particular, or `pods "y" is forbidden: User …`, of one.
        if says("is forbidden: User \"", "forbidden: User \"") { return .forbidden }
        return says("\" is forbidden: ", "violates PodSecurity", "denied the request", "ValidatingAdmissionPolicy") ? .denied : .forbidden
    }

    private static func document(_ body: [UInt8]) -> JSONValue? {
        // What is not JSON has nothing to say here.
        do throws(JSONError) { return try JSONValue(parsing: body) } catch { return nil }
    }
}
