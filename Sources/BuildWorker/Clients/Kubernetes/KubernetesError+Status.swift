internal import Support

extension KubernetesError {
    /// Parses a `Status` object; a proxy's response has none, so its HTTP status has to do.
    init(_ operation: String, _ response: HTTPResponse, hiding secrets: [Secret]) {
        let document = Self.document(response.body)
        // An overloaded server responds in plain text: even its rate limiter does not return a `Status`.
        let reason = document?["reason"]?.string ?? (response.status == 429 ? "TooManyRequests" : nil)
        let message = document?["message"]?.string ?? ""
        let isItsOwn = document?["kind"]?.string == "Status"
        let isPolicys = message.isOfPolicy
        let kind = document?[path: "details", "kind"]?.string
        let code: Code =
            switch response.status {
            // A policy's denial is final whatever the HTTP status, except "conflict" and "too many requests".
            case 400..<500 where isPolicys && response.status != 409 && response.status != 429: .denied
            case 409 where isPolicys: .conflict
            // Other conflicts are transient, for example concurrent updates of a quota.
            case 409: reason == nil || reason == "AlreadyExists" ? .alreadyExists : .conflict
            case 401: .unauthorized
            case 429: .tooManyRequests
            case 500...599: .serverError
            case 404 where kind == "namespaces" || message.hasPrefix("namespaces "): .namespaceNotFound
            // Only the API server's own answers count: a proxy's 404 is no deleted pod, and its 400 no invalid one.
            case 400..<500 where !isItsOwn: .foreignAnswer
            case 400, 413, 422: .invalid
            case 403: Self.meaning(ofForbidden: message, document?[path: "details", "causes"]?.array)
            case 404: .notFound
            case 410:
                .expired(remainder: document?[path: "metadata", "continue"]?.string.flatMap { $0.isEmpty ? nil : $0 })
            default: .unexpectedStatus
            }
        self.init(
            operation: operation, code: code, status: response.status, reason: reason, message: message,
            retryAfter: response.retryAfter(), hiding: secrets)
    }

    /// A 403 has many meanings, which differ only in the message: of authorization, and of each admission plugin.
    private static func meaning(ofForbidden message: String, _ causes: [JSONValue]?) -> Code {
        func says(_ words: String...) -> Bool { words.contains { message.contains($0) } }
        if causes?.contains(where: { $0["reason"]?.string == "NamespaceTerminating" }) ?? false
            || says("because it is being terminated")
        {
            return .namespaceNotFound
        }
        if says("exceeded quota", "status unknown for quota") { return .quotaExceeded }
        // `pods is forbidden: User "x" cannot create resource …`, for no particular pod, or `pods "y" is forbidden:
        // User …`, for one. The second form occurs if the worker uses a node's credentials.
        if says("forbidden: User \"", "is forbidden: node \"") { return .forbidden }
        if Self.passing.contains(where: { message.withoutQuotations.contains($0) }) { return .notReady }
        return says("\" is forbidden: ", "violates PodSecurity", "denied the request") ? .denied : .forbidden
    }

    /// Failures of a plugin to decide.
    private static let passing = [
        "not yet ready to handle request", "etcdserver: ", "timed out", "i/o timeout", "handshake timeout",
        "deadline exceeded", "connection refused",
        "connection reset", "no such host", "unable to handle the request", "Internal error", "at this time",
        "retry after",
    ]

    private static func document(_ body: [UInt8]) -> JSONValue? {
        // A body that is not JSON is irrelevant here.
        do throws(JSONError) { return try JSONValue(parsing: body) } catch { return nil }
    }
}

extension String {
    /// Messages of an admission webhook or a ValidatingAdmissionPolicy, which may quote anything.
    fileprivate var isOfPolicy: Bool {
        self.hasPrefix("admission webhook \"") && self.contains("denied the request")
            || self.contains("ValidatingAdmissionPolicy '") && self.contains("denied request")
    }
}
