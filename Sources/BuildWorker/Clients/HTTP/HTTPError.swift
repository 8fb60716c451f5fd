/// Why a request has no response. Whether it took effect is unknown, unless its code says otherwise. Safe to log.
package struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// No complete response before the deadline.
        case timedOut = "timed out"
        /// Refused, unreachable, connect timeout, or refused by a proxy. The request had no effect.
        case connectionRefused = "cannot connect"
        /// Closed before a response arrived.
        case connectionReset = "connection lost"
        /// The request had no effect.
        case dnsFailure = "host name cannot be resolved"
        /// No common protocol, an untrusted or mismatching certificate, or an unusable one of ours. No effect.
        case tlsFailure = "TLS failed"
        /// The response began but is incomplete.
        case truncated = "the answer broke off"
        /// Larger than ``HTTPLimits`` allows.
        case tooLarge = "the answer is too large"
        /// The peer speaks another protocol.
        case notHTTP = "the answer is not HTTP"
        /// The request was not sent.
        case invalidURL = "not a usable address"
        /// The token has characters that are invalid in headers. The request was not sent.
        case invalidToken = "not a usable token"
        case cancelled = "given up"
        /// This worker could not send it: out of memory or descriptors, or a required library is missing.
        case local = "not sent"

        /// Whether retrying the unchanged request may succeed.
        package var isRetriable: Bool { !self.isLocal || self == .cancelled || self == .local }

        /// The service never received the request, so this says nothing of its health.
        package var isLocal: Bool {
            switch self {
            case .invalidURL, .invalidToken, .cancelled, .local: true
            case .timedOut, .connectionRefused, .connectionReset, .dnsFailure, .tlsFailure, .truncated, .tooLarge,
                .notHTTP:
                false
            }
        }
    }

    /// Method and URL, without query.
    package let operation: String
    package let code: Code
    /// libcurl's message; may be empty.
    package let detail: String

    package init(operation: String, code: Code, detail: String = "") {
        (self.operation, self.code, self.detail) = (operation, code, detail)
    }

    package var isRetriable: Bool { self.code.isRetriable }

    package var description: String {
        "\(self.operation): \(self.code.rawValue)\(self.detail.isEmpty ? "" : " (\(self.detail))")"
    }
}
