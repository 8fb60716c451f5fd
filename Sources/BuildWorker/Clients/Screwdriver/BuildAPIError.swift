package import Support
package import Workflow

/// Why the build API did not take or say something. Safe to log.
package struct BuildAPIError: ServiceError, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// The build has ended (or is not there any more): the API takes nothing more of it.
        case ended
        /// Our question has a no for an answer: the build does not wait to begin any more.
        case begun
        /// The token is not valid (any more), or is another build's: nothing can be asked or told with it.
        case token
        /// Any other answer that is not 2xx.
        case status
        /// 4xx of somebody in between, a proxy or gateway: it says nothing of builds, and what the API did not hear must not be lost over it.
        case foreignAnswer
        case unreachable(HTTPError.Code)
        /// Nothing may be sent to the address in the message. Nothing was.
        case forbidden
        /// The host in the message fails, and must not hold up others. Nothing was sent.
        case hostFailing
        case unreadableAnswer
        /// Whoever answered does not know this question, a gateway perhaps.
        case unknownQuestion
    }

    package let operation: String
    package let code: Code
    package let status: Int?
    /// What the API said, at most 300 characters on one line, without what looks like a token.
    package let message: String
    package let retryAfter: Duration?

    /// - Parameter secrets: what must not stand in the message, should the API quote it.
    package init(
        operation: String, code: Code, status: Int? = nil, message: String = "", retryAfter: Duration? = nil,
        hiding secrets: [Secret] = []
    ) {
        (self.operation, self.code, self.status, self.retryAfter) = (operation, code, status, retryAfter)
        self.message = message.sanitizedForLog(limit: 300, hiding: secrets)
    }

    /// The API has said no for good: 4xx, but for 401 (of a token that is still valid, which a proxy or a new key refuses to all), 408 and 429.
    /// Anything else may pass, a redirect too: it is somebody's misconfiguration, and what the API did not take must not be lost over it. What this worker cannot even send is no answer of the API's.
    package var isRefusal: Bool {
        switch self.code {
        case .ended, .begun, .token, .forbidden: true
        case .status: (400..<500).contains(self.status ?? 0) && ![401, 408, 429].contains(self.status)
        case .unknownQuestion, .foreignAnswer, .unreachable, .unreadableAnswer, .hostFailing: false
        }
    }

    /// What it says of the host that was asked. One that refuses is quick, and holds nobody up.
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

    /// Every message brings its own address and token, so nothing is the worker's fault.
    package var meaning: (FailureClass, ErrorTraits) {
        let refusal: ErrorTraits = self.isRefusal ? .final : []
        return switch self.code {
        case .token: (.token, .final)
        // Address and token stand in the message.
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
        // A colon after "token" would announce a secret, and what follows be taken out of reports.
        return self.code == .token
            ? "\(self.operation): the API does not take the build's token and says: \(said)"
            : "\(self.operation): \(said)"
    }
}

extension BuildAPIError {
    /// Reads an answer that is not 2xx. One 403 says that a build has ended, another that the token is somebody else's: only the words tell
    /// (plugins/builds/update.js and token.js of the API).
    ///
    /// - Parameter document: the answer's body where it is JSON; the API's own errors have a `message` (hapi's boom).
    init(_ operation: String, _ response: HTTPResponse, _ document: JSONValue?, token: Secret?) {
        let message = document?["message"]?.string ?? ""
        // Read only where it matters: most of these answers say that a build has ended.
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
