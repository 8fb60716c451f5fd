package import CCurl
internal import Foundation
internal import FoundationNetworking
internal import Glibc
internal import Support

extension HTTPError {
    /// Interprets a transfer's result. libcurl's messages name hosts, ports and certificates, never headers or bodies.
    init(_ transfer: HTTPTransfer, _ code: CURLcode) {
        let operation = HTTPRequest.description(
            transfer.request.httpMethod ?? "", transfer.request.url?.absoluteString ?? "")
        guard let abort = transfer.abort else {
            let handle = transfer.handle
            let words = handle?.errorWords ?? ""
            guard code != CURLE_COULDNT_CONNECT || !transfer.service.refusedLinkLocal else {
                self.init(operation: operation, code: .invalidURL, detail: "its name leads to a link-local address")
                return
            }
            self.init(
                operation: operation,
                code: code == CURLE_COULDNT_CONNECT && transfer.service.lacksDescriptors
                    ? .local
                    : Self.code(
                        code, isConnected: handle?.isConnected ?? false, hasAnswer: transfer.headerBytes > 0,
                        systemError: handle?.systemError ?? 0,
                        proxyStatus: handle?.proxyStatus ?? 0),
                detail: (words.isEmpty ? String(cString: curl_easy_strerror(code)) : words)
                    .sanitizedForLog(limit: 200, hiding: transfer.service.options.proxy.map { [$0] } ?? []))
            return
        }
        let limits = transfer.service.options.limits
        switch abort {
        case .cancelled, .engineStopped:
            self.init(operation: operation, code: .cancelled, detail: "the worker is stopping")
        case .notHTTP: self.init(operation: operation, code: .notHTTP, detail: "its head is not one")
        case .bodyTooLarge:
            self.init(
                operation: operation, code: .tooLarge,
                detail: "its body has more than \(limits.bodyBytes) bytes, or than there is room for beside others")
        case .headerTooLarge:
            self.init(
                operation: operation, code: .tooLarge, detail: "its headers have more than \(limits.headerBytes) bytes")
        case .deadlinePassed:
            let place =
                transfer.handle == nil
                ? "while it waited for others to end"
                : transfer.headerBytes > 0
                    ? "in the middle of the answer"
                    : transfer.handle?.isConnected == true ? "without an answer" : "while connecting"
            let limit = transfer.hasHead ? transfer.idleLimit ?? transfer.timeLimit : transfer.timeLimit
            self.init(operation: operation, code: .timedOut, detail: "after \(limit), \(place)")
        }
    }

    /// - Parameters:
    ///   - isConnected: the request was sent, at least partially.
    ///   - hasAnswer: the response had begun.
    ///   - systemError: the connection's `errno`, 0: none.
    ///   - proxyStatus: the proxy's response status, 0: none.
    package static func code(
        _ code: CURLcode, isConnected: Bool, hasAnswer: Bool, systemError: Int32 = 0, proxyStatus: Int = 0
    ) -> Code {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED: .invalidURL
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .dnsFailure
        // libcurl's own timeouts apply to connecting only: the engine enforces the others.
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_OPERATION_TIMEDOUT, CURLE_INTERFACE_FAILED: .connectionRefused
        case CURLE_RECV_ERROR where proxyStatus >= 300 && !hasAnswer: .connectionRefused
        // A reset during the TLS handshake is reported as a reset.
        case CURLE_SSL_CONNECT_ERROR where systemError == ECONNRESET || systemError == EPIPE: .connectionReset
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_CLIENTCERT,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_USE_SSL_FAILED,
            CURLE_SSL_SHUTDOWN_FAILED:
            .tlsFailure
        // Successful, but the head is incomplete.
        case CURLE_PARTIAL_FILE, CURLE_OK: .truncated
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM,
            CURLE_SEND_FAIL_REWIND:
            hasAnswer ? .truncated : .connectionReset
        // The scheme was checked before, so this means "HTTP/0.9 when not allowed".
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_WRITE_ERROR,
            CURLE_FILESIZE_EXCEEDED:
            .notHTTP
        // A header line longer than libcurl's own limit of 100 kB.
        case CURLE_OUT_OF_MEMORY where isConnected: .tooLarge
        // Once connected, libcurl's other errors are all caused by the response.
        default: isConnected ? .notHTTP : .local
        }
    }
}
