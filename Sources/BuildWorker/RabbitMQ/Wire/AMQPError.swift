internal import CRabbitMQ

/// A failure on a connection to the broker. Safe to log.
package struct AMQPError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// librabbitmq's `amqp_status_enum`: the network, the protocol or TLS.
        case library(Int32)
        /// Refused by the broker, with an AMQP reply code such as 403, 404 or 406.
        case refused(UInt16)
        /// Exceeds the broker's limits, or the caller's request is impossible.
        case unsendable
    }

    package let operation: String
    package let code: Code
    package let detail: String

    /// Whether a retry may succeed unattended; if not, commands stop. The worker retries all the same, because wrong
    /// credentials or a missing queue can be fixed meanwhile.
    package var isRetriable: Bool {
        switch self.code {
        case .library: true
        case .refused(let code): code == 320 || code == 541 || code == 506
        case .unsendable: false
        }
    }

    package var description: String { "\(self.operation): \(self.detail)" }

    /// Explains a failure while connecting: if a client certificate is missing, TLS reports no reason.
    func explained(_ endpoint: AMQPEndpoint) -> AMQPError {
        let ends = [AMQP_STATUS_SSL_ERROR, AMQP_STATUS_CONNECTION_CLOSED, AMQP_STATUS_SOCKET_ERROR].map(\.rawValue)
        guard endpoint.caFile != nil, case .library(let status) = self.code, ends.contains(status) else { return self }
        let hint =
            endpoint.clientCertificate == nil
            ? "if the broker demands a client certificate, set RABBITMQ_CERT_FILE and RABBITMQ_KEY_FILE"
            : "the broker may not take the client certificate (RABBITMQ_CERT_FILE): is it expired, or of another authority?"
        return AMQPError(
            operation: self.operation, code: self.code,
            detail: "\(String(cString: amqp_error_string2(status))); \(hint)")
    }
}

extension AMQPError {
    init(_ operation: String, status: Int32) {
        self.init(operation: operation, code: .library(status), detail: String(cString: amqp_error_string2(status)))
    }

    init(_ operation: String, refused code: UInt16, _ text: String) {
        self.init(operation: operation, code: .refused(code), detail: text)
    }

    /// The broker violated the protocol.
    init(violation detail: String) {
        let code = Code.library(AMQP_STATUS_BAD_AMQP_DATA.rawValue)
        self.init(operation: "connection given up: the broker violates the protocol", code: code, detail: detail)
    }

    init(_ operation: String, unsendable detail: String) {
        self.init(operation: operation, code: .unsendable, detail: detail)
    }
}
