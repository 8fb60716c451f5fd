package import Support
package import Workflow

/// Why a request to the build API failed. Safe to log.
package struct BuildAPIError: ServiceError, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// The build has ended or no longer exists: the API accepts no more updates for it.
        case ended
        /// A negative answer to our query: the build is no longer waiting to start.
        case begun
        /// The token is invalid, expired, or another build's: no request can succeed with it.
        case token
        /// Any other response that is not 2xx.
        case status
        /// 4xx of a proxy or gateway: says nothing of builds, so updates must not be dropped because of it.
        case foreignAnswer
        case unreachable(HTTPError.Code)
        /// The address in the message is not allowed. Nothing was sent.
        case forbidden
        /// The host in the message is failing and must not delay others. Nothing was sent.
        case hostFailing
        case unreadableAnswer
        /// The server, perhaps a gateway, does not support this request.
        case unknownQuestion
    }

    package let operation: String
    package let code: Code
    package let status: Int?
    /// The API's message, at most 300 characters on one line, with tokens redacted.
    package let message: String
    package let retryAfter: Duration?

    /// - Parameter secrets: removed from the message, should the API quote them.
    package init(
        operation: String, code: Code, status: Int? = nil, message: String = "", retryAfter: Duration? = nil,
        hiding secrets: [Secret] = []
    ) {
        (self.operation, self.code, self.status, self.retryAfter) = (operation, code, status, retryAfter)
        self.message = message.sanitizedForLog(limit: 300, hiding: secrets)
    }

    /// A final refusal by the API: 4xx, except 401 (a valid token may be rejected because of a proxy or a new key), 408
    /// and 429. Anything else may pass, also a redirect, which is a misconfiguration; updates must not be dropped
    /// because of it. Requests that this worker cannot even send are not refusals.
    package var isRefusal: Bool {
        switch self.code {
        case .ended, .begun, .token, .forbidden: true
        case .status: (400..<500).contains(self.status ?? 0) && ![401, 408, 429].contains(self.status)
        case .unknownQuestion, .foreignAnswer, .unreachable, .unreadableAnswer, .hostFailing: false
        }
    }

    /// The outcome for the host. A refusal counts as healthy: it is quick and delays no other build.
    var ofHost: FailingHosts.Outcome {
        switch self.code {
        case .unreachable(let code) where code.isLocal: .unknown
        case .unreachable(let code) where code != .tooLarge: .failed(cause: self.description)
        case .status where self.status ?? 0 >= 500: .failed(cause: self.description)
        case .forbidden, .hostFailing: .unknown
        case .ended, .begun, .token, .status, .foreignAnswer, .unreachable, .unreadableAnswer, .unknownQuestion:
            .answered
        }
    }

    /// Address and token come with each message, so nothing is a misconfiguration of the worker.
    package var meaning: (FailureClass, ErrorTraits) {
        let refusal: ErrorTraits = self.isRefusal ? .final : []
        return switch self.code {
        case .token: (.token, .final)
        // The message contains address and token.
        case .forbidden: (.message, .final)
        case .unreachable(let code):
            (
                [.invalidURL, .invalidToken].contains(code) ? .message : code.isLocal ? .worker : .buildAPI,
                code.isRetriable ? code.isLocal || code == .tooLarge ? [] : .outage : .final
            )
        case .status:
            (
                .buildAPI,
                (self.status ?? 0) >= 500 || self.status == 429 || self.status == 401 ? refusal.union(.outage) : refusal
            )
        case .foreignAnswer: (.buildAPI, .outage)
        case .hostFailing: (.buildAPI, .final)
        case .ended, .begun, .unreadableAnswer, .unknownQuestion: (.buildAPI, refusal)
        }
    }

    package var description: String {
        let said = self.status.map { "\($0)\(self.message.isEmpty ? "" : " \"\(self.message)\"")" } ?? self.message
        // A colon after "token" would look like a secret, and the text after it would be redacted in reports.
        return self.code == .token
            ? "\(self.operation): the API does not take the build's token and says: \(said)"
            : "\(self.operation): \(said)"
    }
}

extension BuildAPIError {
    /// Parses a response that is not 2xx. A 403 may mean that the build has ended or that the token is another build's:
    /// only the text tells them apart (plugins/builds/update.js and token.js of the API).
    ///
    /// - Parameter document: the JSON body, if any; the API's own errors have a `message` (hapi's boom).
    init(_ operation: String, _ response: HTTPResponse, _ document: JSONValue?, token: Secret?) {
        let message = document?["message"]?.string ?? ""
        // Lazy: most of these responses say that a build has ended.
        lazy var expiry = token.flatMap(TokenClaims.init)?.expiry
        lazy var isValid = expiry.map { $0.secondsSince1970 > Timestamp.now.secondsSince1970 } ?? false
        let isItsOwn = document?["message"]?.string != nil || document?["statusCode"]?.integer == response.status
        let code: Code =
            switch response.status {
            case 401: isValid ? .status : .token
            case 403 where message.hasPrefix("Can only update"): .ended
            case 403 where message.hasPrefix("Build is already running or finished"): .begun
            case 403 where message.hasPrefix("Credential only valid for"): .token
            case 404 where message.hasPrefix("Build Id parameter and token does not match"): .token
            case 404
            where message.hasPrefix("Build ") && message.hasSuffix(" does not exist")
                || message == "Build does not exist":
                .ended
            case 400..<500 where !isItsOwn && response.status != 408 && response.status != 429: .foreignAnswer
            default: .status
            }
        var words = message
        if code == .token, !isValid, let expiry { words += "; it expired at \(expiry.text)" }
        self.init(
            operation: operation, code: code, status: response.status, message: words,
            retryAfter: response.retryAfter(), hiding: token.map { [$0] } ?? [])
    }
}
