internal import Foundation
internal import FoundationNetworking

extension HTTPError {
    /// URLSession's codes are poor: a failed handshake, half an answer and much else are all -1. The words below them are
    /// libcurl's and name hosts, ports and certificates, never headers or bodies.
    init(_ error: any Error, _ operation: String) {
        let error = error as NSError
        let words = error.userInfo[NSLocalizedDescriptionKey] as? String ?? ""
        let code = error.domain == NSURLErrorDomain ? Self.code(error.code, words) : .other
        self.init(operation: operation, code: code, detail: words.isEmpty ? "URLSession error \(error.code)" : words.safeToShow(limit: 200))
    }

    static func code(_ number: Int, _ words: String) -> Code {
        switch number {
        case NSURLErrorTimedOut, NSURLErrorCancelled: .timedOut
        case NSURLErrorCannotConnectToHost: .connectionRefused
        // -1011 is libcurl's "Empty reply from server".
        case NSURLErrorNetworkConnectionLost, NSURLErrorBadServerResponse: .connectionReset
        case NSURLErrorCannotFindHost, NSURLErrorDNSLookupFailed: .dnsFailure
        case NSURLErrorBadURL: .invalidURL
        // What is not HTTP at all comes as an unsupported address.
        case NSURLErrorUnsupportedURL: words.contains("HTTP/") ? .other : .invalidURL
        default: Self.code(words)
        }
    }

    /// A reset below TLS names both, so it comes first.
    private static func code(_ words: String) -> Code {
        let signs: [(Code, [String])] = [
            (.connectionRefused, ["Couldn't connect", "Failed to connect", "No route to host", "unreachable"]),
            (.connectionReset, ["reset by peer", "Broken pipe", "Recv failure", "Send failure", "Empty reply"]),
            (.truncated, ["transfer closed with", "bytes remaining", "not closed cleanly", "end of response with"]),
            (.tlsFailure, ["SSL", "TLS", "certificate"]),
        ]
        return signs.first { _, words_ in words_.contains { words.contains($0) } }?.0 ?? .other
    }
}
