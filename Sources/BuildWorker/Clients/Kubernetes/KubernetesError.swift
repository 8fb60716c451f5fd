package import Support
package import Workflow

/// A request refused by the API server, or a failure to reach it. Safe to log and to show to a build's owner.
package struct KubernetesError: ServiceError, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// 409: a pod with that name exists.
        case alreadyExists
        /// Any other 409: a concurrent update.
        case conflict
        /// 400, 413, 422: the request can never succeed.
        case invalid
        /// 403: quota exceeded, or not calculated yet.
        case quotaExceeded
        /// A policy denies the pod: a 403 of PodSecurity, LimitRange, a missing PriorityClass…, any 4xx of a webhook.
        case denied
        /// 403: missing RBAC permissions.
        case forbidden
        /// 403: server or namespace temporarily not ready.
        case notReady
        /// 401
        case unauthorized
        /// 404 for the namespace, or 403 because it is being deleted.
        case namespaceNotFound
        /// 404 for the object itself.
        case notFound
        /// 429
        case tooManyRequests
        /// 5xx
        case serverError
        /// A response with an unexpected status, such as a redirect.
        case unexpectedStatus
        /// 4xx of a proxy or gateway: says nothing of pods.
        case foreignAnswer
        /// 410: the list has changed too much since its first page. `remainder`: the token to continue, if any.
        case expired(remainder: String?)
        case unreadableAnswer
        case unreachable(HTTPError.Code)
        /// No token is available.
        case noToken
    }

    package let operation: String
    package let code: Code
    package let status: Int?
    /// The `reason` of the API server's Status, for example `Forbidden`.
    package let reason: String?
    /// The `message` of the API server's Status, at most 1,000 characters on one line, with tokens redacted.
    package let message: String
    package let retryAfter: Duration?

    /// - Parameter secrets: removed from the message, should the API server quote them.
    package init(
        operation: String, code: Code, status: Int? = nil, reason: String? = nil, message: String = "",
        retryAfter: Duration? = nil,
        hiding secrets: [Secret] = []
    ) {
        self.operation = operation
        self.code = code
        self.status = status
        self.retryAfter = retryAfter
        self.reason = reason?.sanitizedForLog(limit: 100, hiding: secrets)
        self.message = message.sanitizedForLog(limit: 1000, hiding: secrets)
    }

    package var meaning: (FailureClass, ErrorTraits) {
        switch self.code {
        case .alreadyExists, .conflict, .notFound, .unexpectedStatus, .expired, .unreadableAnswer: (.cluster, [])
        case .notReady, .tooManyRequests, .serverError, .foreignAnswer: (.cluster, .outage)
        // The response concerns this pod.
        case .invalid: (.rejected, .final)
        case .denied: (.policy, .final)
        case .quotaExceeded: (.quota, [])
        case .forbidden, .namespaceNotFound: (.rights, .workersFault)
        case .unauthorized, .noToken: (.rights, [.workersFault, .outage])
        case .unreachable(.invalidURL): (.worker, .workersFault)
        // A response that is too large is still a response.
        case .unreachable(let code):
            (code.isLocal ? .worker : .network, code.isLocal || code == .tooLarge ? [] : .outage)
        }
    }

    /// `create pod: 500 InternalError "etcd unavailable"`
    package var description: String {
        let status = [self.status.map { String($0) }, self.reason].compactMap { $0 }.joined(separator: " ")
        let said = self.status == nil ? self.message : "\"\(self.message)\""
        return "\(self.operation): "
            + [status, self.message.isEmpty ? "" : said].filter { !$0.isEmpty }.joined(separator: " ")
    }
}
