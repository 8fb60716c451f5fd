internal import Foundation
internal import FoundationNetworking

/// Sends requests to one service. A deadline is a deadline.
///
/// All that is known about URLSession on Linux is answered in this folder. `data(for:)` deadlocks the session when its
/// Swift task is cancelled, so completion handlers are used: a request runs to its end or its deadline whatever becomes of
/// the Swift task. `timeoutInterval` counts idle time in whole seconds, so each request is raced against a clock of our own.
/// What else never completes is heard of by ``ExchangeDelegate``.
public final class HTTPTransport: Sendable {
    /// In bytes; a list of one build's pods has a few thousand. Checked at the end: a task with a completion handler tells
    /// nobody what it has collected (6.3.1), so until the deadline an answer without end takes memory.
    static let largestBody = 16 << 20

    let pools: ConnectionPools
    let delegate = ExchangeDelegate()
    /// Told of every request that ended: what came of it and how long it took.
    private let onEnd: @Sendable (HTTPRequest, Result<HTTPResponse, HTTPError>, Duration) -> Void

    /// - Parameters:
    ///   - connectionsPerHost: at most, but rounded up to a multiple of four unless multiplexed. Requests above this number wait for a
    ///     connection, deadline running.
    ///   - isMultiplexed: the service is known to speak HTTP/2. URLSession never tells.
    public init(
        connectionsPerHost: Int = 64, isMultiplexed: Bool = false,
        onEnd: @escaping @Sendable (HTTPRequest, Result<HTTPResponse, HTTPError>, Duration) -> Void = { _, _, _ in }
    ) {
        self.onEnd = onEnd
        self.pools = ConnectionPools(connectionsPerHost: connectionsPerHost, isMultiplexed: isMultiplexed) { [delegate] in
            Self.session($0, delegate)
        }
    }

    /// A session holds its delegate until it is invalidated. No request can be under way here: each holds the transport.
    deinit { self.pools.invalidate() }

    private static func session(_ connectionsPerHost: Int, _ delegate: ExchangeDelegate) -> URLSession {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = connectionsPerHost
        configuration.httpCookieStorage = nil
        configuration.httpCookieAcceptPolicy = .never
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        configuration.urlCredentialStorage = nil
        // Practically never: deadlines are ours. URLSession makes a new timer for every header line and every piece of body that comes,
        // and takes each to the kernel unless it lies beyond the end of its clock: a seventh of a build's processor time.
        configuration.timeoutIntervalForRequest = 1e12
        return URLSession(configuration: configuration, delegate: delegate, delegateQueue: nil)
    }

    /// Attempts once, and once more only where the first went to a connection that was already gone and
    /// ``HTTPRequest/isRepeatable`` allows it.
    ///
    /// A cancelled task's request ends at once, as ``HTTPError/Code/other``; whether it had its effect is not known.
    ///
    /// - Parameter deadline: for the whole, from now to the last byte of the answer.
    public func send(_ request: HTTPRequest, deadline: Duration) async throws(HTTPError) -> HTTPResponse {
        let start = ContinuousClock.now
        do throws(HTTPError) {
            let response = try await self.exchange(request, deadline)
            self.onEnd(request, .success(response), .now - start)
            return response
        } catch {
            self.onEnd(request, .failure(error), .now - start)
            throw error
        }
    }

    private func exchange(_ request: HTTPRequest, _ deadline: Duration) async throws(HTTPError) -> HTTPResponse {
        let urlRequest = try Self.urlRequest(request)
        let deadline = min(deadline, .seconds(31_536_000))
        let end = ContinuousClock.now + deadline
        var outcome = await self.pools.withSession { await self.attempt(urlRequest, request, $0, by: end, of: deadline) }
        if case .connectionWasStale = outcome, request.isRepeatable {
            // A session of its own: among the kept connections might be more that were dropped.
            let fresh = Self.session(1, self.delegate)
            defer { fresh.finishTasksAndInvalidate() }
            outcome = await self.attempt(urlRequest, request, fresh, by: end, of: deadline)
        }
        switch outcome {
        case .answered(let response): return response
        case .failed(let error): throw error
        case .connectionWasStale:
            throw HTTPError(operation: request.description, code: .connectionReset, detail: "the server had closed a kept connection")
        }
    }

    private static func urlRequest(_ request: HTTPRequest) throws(HTTPError) -> URLRequest {
        guard let url = URL(string: request.url), url.host?.isEmpty == false, ["http", "https"].contains(url.scheme?.lowercased()) else {
            throw HTTPError(operation: request.description, code: .invalidURL)
        }
        var urlRequest = URLRequest(url: url)
        urlRequest.httpMethod = request.method
        urlRequest.setValue(request.accept, forHTTPHeaderField: "Accept")
        urlRequest.setValue("\(Product.name)/\(Product.version)", forHTTPHeaderField: "User-Agent")
        if let bearer = request.bearer {
            // A line break in it would begin another header.
            guard !bearer.isEmpty, bearer.exposed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw HTTPError(operation: request.description, code: .invalidToken)
            }
            urlRequest.setValue("Bearer \(bearer.exposed)", forHTTPHeaderField: "Authorization")
        }
        if let body = request.body {
            urlRequest.httpBody = Data(body)
            urlRequest.setValue(request.contentType, forHTTPHeaderField: "Content-Type")
        }
        return urlRequest
    }

    private func attempt(
        _ urlRequest: URLRequest, _ request: HTTPRequest, _ session: URLSession, by end: ContinuousClock.Instant, of deadline: Duration
    ) async -> Exchange.Outcome {
        let cancellation = Cancellation()
        return await withTaskCancellationHandler {
            await self.attempt(urlRequest, request, session, by: end, of: deadline, cancellation)
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func attempt(
        _ urlRequest: URLRequest, _ request: HTTPRequest, _ session: URLSession, by end: ContinuousClock.Instant, of deadline: Duration,
        _ cancellation: Cancellation
    ) async -> Exchange.Outcome {
        // The description costs more than most of the rest, so it is made where something has failed.
        let late: @Sendable () -> Exchange.Outcome = {
            .failed(HTTPError(operation: request.description, code: .timedOut, detail: "after \(deadline)"))
        }
        guard end > .now else { return late() }
        return await withCheckedContinuation { continuation in
            let exchange = Exchange(continuation)
            let task = session.dataTask(with: urlRequest) { data, response, error in
                exchange.end(Self.outcome(data, response, error, request))
            }
            let (delegate, identifier) = (self.delegate, ObjectIdentifier(task))
            exchange.started { delegate.forget(identifier) }
            delegate.begin(ExchangeDelegate.Running(exchange: exchange, task: task, deadline: end, whenLate: late))
            task.resume()
            // From a queue: cancelled on the way out of a task, URLSession can deadlock.
            cancellation.onCancel { [queue = self.delegate.queue] in
                queue.async {
                    exchange.end(.failed(HTTPError(operation: request.description, code: .other, detail: "given up, the worker is stopping")))
                    task.cancel()
                }
            }
        }
    }

    private static func outcome(_ data: Data?, _ response: URLResponse?, _ error: (any Error)?, _ request: HTTPRequest) -> Exchange.Outcome {
        if let error { return .failed(HTTPError(error, request.description)) }
        guard let response = response as? HTTPURLResponse else {
            return .failed(HTTPError(operation: request.description, code: .other, detail: "no answer"))
        }
        let body = data.map { [UInt8]($0) } ?? []
        guard body.count <= Self.largestBody else { return .failed(HTTPError(operation: request.description, code: .tooLarge)) }
        return .answered(HTTPResponse(status: response.statusCode, body: body))
    }
}
