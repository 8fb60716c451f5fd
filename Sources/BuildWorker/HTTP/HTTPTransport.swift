internal import Dispatch
internal import Foundation
internal import FoundationNetworking
internal import Synchronization

/// Sends requests over one pool of connections. Attempts once; a deadline is a deadline.
///
/// All that is known about URLSession on Linux is answered here. `data(for:)` deadlocks the session when its task is
/// cancelled, so completion handlers are used, and a task is cancelled from a queue only. `timeoutInterval` counts idle
/// time in whole seconds and some answers never complete, so each request is raced against our own timer. Redirects
/// would take the `Authorization` header to another host, so they are refused and are answers like any other.
public final class HTTPTransport: Sendable {
    /// Answers larger than this are an error; a pod list of one build is a few kilobytes.
    static let largestBody = 16 << 20

    private let session: URLSession
    private let queue = DispatchQueue(label: "http-deadlines")

    /// - Parameter connectionsPerHost: requests above this number wait for a connection, deadline running.
    public init(connectionsPerHost: Int = 64) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = connectionsPerHost
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        configuration.urlCredentialStorage = nil
        // Ours fires first; this one only cleans up what libcurl would hold for ever.
        configuration.timeoutIntervalForRequest = 120
        self.session = URLSession(configuration: configuration, delegate: RedirectRefusal(), delegateQueue: nil)
    }

    deinit { self.session.invalidateAndCancel() }

    /// - Parameter deadline: for the whole exchange, from now to the last byte of the answer.
    public func send(_ request: HTTPRequest, deadline: Duration) async throws(HTTPError) -> HTTPResponse {
        guard let url = URL(string: request.url), url.host != nil else {
            throw HTTPError(operation: request.description, code: .invalidURL, detail: "")
        }
        var urlRequest = URLRequest(url: url)
        urlRequest.httpMethod = request.method
        urlRequest.setValue("application/json", forHTTPHeaderField: "Accept")
        urlRequest.setValue("\(Product.name)/\(Product.version)", forHTTPHeaderField: "User-Agent")
        if let bearer = request.bearer { urlRequest.setValue("Bearer \(bearer.exposed)", forHTTPHeaderField: "Authorization") }
        if let body = request.body {
            urlRequest.httpBody = Data(body)
            urlRequest.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        return try await self.exchange(urlRequest, request.description, deadline).get()
    }

    private func exchange(_ request: URLRequest, _ operation: String, _ deadline: Duration) async -> Result<HTTPResponse, HTTPError> {
        await withCheckedContinuation { continuation in
            let exchange = Exchange(continuation)
            let task = self.session.dataTask(with: request) { data, response, error in
                exchange.finish(Self.outcome(data, response, error, operation))
            }
            let timer = DispatchSource.makeTimerSource(queue: self.queue)
            timer.schedule(deadline: .now() + .nanoseconds(Int(clamping: Int64((deadline / .nanoseconds(1)).rounded()))))
            timer.setEventHandler {
                exchange.finish(.failure(HTTPError(operation: operation, code: .timedOut, detail: "after \(deadline.inWords)")))
                task.cancel()
            }
            exchange.started(timer)
            timer.resume()
            task.resume()
        }
    }

    private static func outcome(_ data: Data?, _ response: URLResponse?, _ error: (any Error)?, _ operation: String) -> Result<HTTPResponse, HTTPError> {
        if let error { return .failure(HTTPError(error, operation)) }
        guard let response = response as? HTTPURLResponse else { return .failure(HTTPError(operation: operation, code: .other, detail: "no answer")) }
        let body = data.map { [UInt8]($0) } ?? []
        guard body.count <= Self.largestBody else {
            return .failure(HTTPError(operation: operation, code: .other, detail: "an answer of \(body.count) bytes is too large"))
        }
        return .success(HTTPResponse(status: response.statusCode, body: body))
    }
}

/// Resumes its continuation once, with what comes first: the answer or the deadline.
///
/// Unchecked: everything in it is behind the lock.
private final class Exchange: @unchecked Sendable {
    private let lock = NSLock()
    private var continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>?
    private var timer: (any DispatchSourceTimer)?

    init(_ continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>) { self.continuation = continuation }

    func started(_ timer: any DispatchSourceTimer) { self.lock.withLock { self.timer = timer } }

    func finish(_ outcome: Result<HTTPResponse, HTTPError>) {
        let (continuation, timer) = self.lock.withLock {
            defer { (self.continuation, self.timer) = (nil, nil) }
            return (self.continuation, self.timer)
        }
        timer?.cancel()
        continuation?.resume(returning: outcome)
    }
}

/// The session's delegate; a delegate of a single task would be ignored.
private final class RedirectRefusal: NSObject, URLSessionDataDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}

extension HTTPError {
    fileprivate init(_ error: any Error, _ operation: String) {
        let error = error as NSError
        let code: Code =
            switch error.code {
            case NSURLErrorTimedOut, NSURLErrorCancelled: .timedOut
            case NSURLErrorCannotConnectToHost: .cannotConnect
            case NSURLErrorNetworkConnectionLost: .connectionLost
            case NSURLErrorCannotFindHost, NSURLErrorDNSLookupFailed: .cannotResolve
            case NSURLErrorSecureConnectionFailed, NSURLErrorServerCertificateUntrusted, NSURLErrorServerCertificateHasBadDate,
                NSURLErrorServerCertificateHasUnknownRoot, NSURLErrorServerCertificateNotYetValid:
                .untrusted
            case NSURLErrorBadURL, NSURLErrorUnsupportedURL: .invalidURL
            default: .other
            }
        self.init(operation: operation, code: code, detail: code == .other ? "URLSession error \(error.code)" : "")
    }
}
