internal import Support

extension KubernetesError {
    /// Reads a `Status` object; an answer of a proxy in between is none, and then its status has to do.
    init(_ operation: String, _ response: HTTPResponse, hiding secrets: [Secret]) {
        let document = Self.document(response.body)
        // A server that is too busy says so in plain text: not even its limits speak of a `Status`.
        let reason = document?["reason"]?.string ?? (response.status == 429 ? "TooManyRequests" : nil)
        let message = document?["message"]?.string ?? ""
        let isItsOwn = document?["kind"]?.string == "Status"
        let isPolicys = message.isOfPolicy
        let kind = document?[path: "details", "kind"]?.string
        let code: Code =
            switch response.status {
            // What a policy says no to it says no to again, whatever status it chose; but "conflict" and "later" are no such words.
            case 400..<500 where isPolicys && response.status != 409 && response.status != 429: .denied
            case 409 where isPolicys: .conflict
            // Other conflicts pass: a quota that several requests changed at once, for example.
            case 409: reason == nil || reason == "AlreadyExists" ? .alreadyExists : .conflict
            case 401: .unauthorized
            case 429: .tooManyRequests
            case 500...599: .serverError
            case 404 where kind == "namespaces" || message.hasPrefix("namespaces "): .namespaceNotFound
            // "Not here" must come from who knows: a proxy's 404 would pass for a pod that is gone, its 400 for a pod that can never be.
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

    /// A 403 has many meanings, and only its words tell them apart: authorisation (`k8s.io/apiserver` responsewriters), and after it each
    /// admission plugin in its own.
    private static func meaning(ofForbidden message: String, _ causes: [JSONValue]?) -> Code {
        func says(_ words: String...) -> Bool { words.contains { message.contains($0) } }
        if causes?.contains(where: { $0["reason"]?.string == "NamespaceTerminating" }) ?? false
            || says("because it is being terminated")
        {
            return .namespaceNotFound
        }
        if says("exceeded quota", "status unknown for quota") { return .quotaExceeded }
        // `pods is forbidden: User "x" cannot create resource …`, of no pod in particular, or `pods "y" is forbidden: User …`, of one. The second
        // is a worker that has a node's credentials.
        if says("forbidden: User \"", "is forbidden: node \"") { return .forbidden }
        if Self.passing.contains(where: { message.withoutQuotations.contains($0) }) { return .notReady }
        return says("\" is forbidden: ", "violates PodSecurity", "denied the request") ? .denied : .forbidden
    }

    /// A plugin that could not find out.
    private static let passing = [
        "not yet ready to handle request", "etcdserver: ", "timed out", "i/o timeout", "handshake timeout",
        "deadline exceeded", "connection refused",
        "connection reset", "no such host", "unable to handle the request", "Internal error", "at this time",
        "retry after",
    ]

    private static func document(_ body: [UInt8]) -> JSONValue? {
        // What is not JSON has nothing to say here.
        do throws(JSONError) { return try JSONValue(parsing: body) } catch { return nil }
    }
}

extension String {
    /// Words of an admission webhook, or of a ValidatingAdmissionPolicy, which quote whatever they like.
    fileprivate var isOfPolicy: Bool {
        self.hasPrefix("admission webhook \"") && self.contains("denied the request")
            || self.contains("ValidatingAdmissionPolicy '") && self.contains("denied request")
    }
}
