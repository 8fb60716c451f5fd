/// Why a request has no answer. Whether it had its effect is not known, unless its code says so. Safe to log.
package struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// No whole answer before the deadline.
        case timedOut = "timed out"
        /// Nobody listens there, or no way leads there, or none in time, or a proxy would not. It had no effect.
        case connectionRefused = "cannot connect"
        /// Dropped before an answer came.
        case connectionReset = "connection lost"
        /// It had no effect.
        case dnsFailure = "host name cannot be resolved"
        /// No common protocol, a certificate that is not trusted or not for this host, or our own that cannot be used. It had no effect.
        case tlsFailure = "TLS failed"
        /// The answer began and did not end as it should.
        case truncated = "the answer broke off"
        /// Larger than ``HTTPLimits`` allows.
        case tooLarge = "the answer is too large"
        /// What answered speaks something else.
        case notHTTP = "the answer is not HTTP"
        /// It was not sent.
        case invalidURL = "not a usable address"
        /// The token has characters that no header can carry. It was not sent.
        case invalidToken = "not a usable token"
        /// Given up by this worker itself.
        case cancelled = "given up"
        /// This worker could not send it: it lacks memory, descriptors, or a library that it knows.
        case local = "not sent"

        /// Whether another attempt may get an answer without a change of the request.
        package var isRetriable: Bool { !self.isLocal || self == .cancelled || self == .local }

        /// The service never saw it, nor could have: nothing is known of *its* mind.
        package var isLocal: Bool {
            switch self {
            case .invalidURL, .invalidToken, .cancelled, .local: true
            case .timedOut, .connectionRefused, .connectionReset, .dnsFailure, .tlsFailure, .truncated, .tooLarge,
                .notHTTP:
                false
            }
        }
    }

    /// Method and address, without a query.
    package let operation: String
    package let code: Code
    /// libcurl's words, or empty.
    package let detail: String

    package init(operation: String, code: Code, detail: String = "") {
        (self.operation, self.code, self.detail) = (operation, code, detail)
    }

    package var isRetriable: Bool { self.code.isRetriable }

    package var description: String {
        "\(self.operation): \(self.code.rawValue)\(self.detail.isEmpty ? "" : " (\(self.detail))")"
    }
}
