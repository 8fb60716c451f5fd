package import Support
package import Workflow

/// What the API server refused, or why it could not be asked. Safe to log and to show to a build's owner.
package struct KubernetesError: ServiceError, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// 409: a pod of that name exists.
        case alreadyExists
        /// Any other 409: somebody changed the same thing at the same time.
        case conflict
        /// 400, 413, 422: the request can never succeed.
        case invalid
        /// 403 that names an exceeded quota, or one that the server is still counting.
        case quotaExceeded
        /// A policy's no for this pod, whoever asks: a 403 of PodSecurity, a LimitRange, for a missing PriorityClass…, any 4xx of an admission webhook.
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
        /// An answer that means nothing here, such as a redirect.
        case unexpectedStatus
        /// 4xx of somebody in between, a proxy or gateway: it says nothing of pods.
        case foreignAnswer
        /// 410: a list has changed too much since its first page was read. Where there is a way to read on, this is it.
        case expired(remainder: String?)
        case unreadableAnswer
        case unreachable(HTTPError.Code)
        /// There is no token to ask with.
        case noToken
    }

    package let operation: String
    package let code: Code
    package let status: Int?
    /// The `reason` of the API server's Status, for example `Forbidden`.
    package let reason: String?
    /// The `message` of the API server's Status, at most 1,000 characters on one line, without what looks like a token.
    package let message: String
    package let retryAfter: Duration?

    /// - Parameter secrets: what must not stand in the message, should the API server quote it.
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
        // It is this pod that the answer is about.
        case .invalid: (.rejected, .final)
        case .denied: (.policy, .final)
        case .quotaExceeded: (.quota, [])
        case .forbidden, .namespaceNotFound: (.rights, .workersFault)
        case .unauthorized, .noToken: (.rights, [.workersFault, .outage])
        case .unreachable(.invalidURL): (.worker, .workersFault)
        // An answer that is too large is one.
        case .unreachable(let code):
            (code.isLocal ? .worker : .network, code.isLocal || code == .tooLarge ? [] : .outage)
        }
    }

    /// `create pod: 500 InternalError "etcd is away"`
    package var description: String {
        let status = [self.status.map { String($0) }, self.reason].compactMap { $0 }.joined(separator: " ")
        let said = self.status == nil ? self.message : "\"\(self.message)\""
        return "\(self.operation): "
            + [status, self.message.isEmpty ? "" : said].filter { !$0.isEmpty }.joined(separator: " ")
    }
}
