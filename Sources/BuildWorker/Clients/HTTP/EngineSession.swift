internal import Foundation
internal import FoundationNetworking
internal import Support

/// A `URLSession` whose data tasks run on the engine: responses can crash FoundationNetworking's own HTTP (6.3.1).
///
/// A subclass, not a `URLProtocol`: URLSession's overhead for a protocol exceeds that of the request (100 to 150 µs
/// against 30), and it serializes the requests of a session. Measured in `Benchmarks/README.md`.
final class EngineSession: URLSession, @unchecked Sendable {
    private let engine: HTTPEngine
    private let service: HTTPService

    init(_ engine: HTTPEngine, _ service: HTTPService) {
        (self.engine, self.service) = (engine, service)
        let configuration = URLSessionConfiguration.ephemeral
        // Anything not overridden here would bypass the engine.
        configuration.protocolClasses = [NotOnTheEngine.self]
        super.init(configuration: configuration, delegate: nil, delegateQueue: nil)
    }

    /// - Parameters:
    ///   - request: its `timeoutInterval` is the total deadline, from `resume()` to the last byte of the response.
    ///   - completionHandler: called on the engine's thread; must not block. Errors are ``HTTPError``s.
    override func dataTask(
        with request: URLRequest, completionHandler: @escaping @Sendable (Data?, URLResponse?, (any Error)?) -> Void
    ) -> URLSessionDataTask {
        let transfer = HTTPTransfer(
            request, self.service,
            .whole { result in
                switch result {
                case .success(let (response, body)): completionHandler(body, response, nil)
                case .failure(let error): completionHandler(nil, nil, error)
                }
            })
        return EngineTask(self.engine, transfer)
    }

    /// Like `bytes(for:)`, which URLSession on Linux lacks, but in chunks. Returns once the head is complete.
    ///
    /// - Parameters:
    ///   - request: its `timeoutInterval` is the deadline for the head.
    ///   - idleLimit: between two chunks of the body; `nil`: none, while the peer's TCP stack acknowledges.
    func pieces(of request: URLRequest, idleLimit: Duration?) async throws(HTTPError) -> (HTTPStream, HTTPURLResponse) {
        let head = OneShot<Result<HTTPURLResponse, HTTPError>>()
        let buffer = HTTPStream.Buffer { head.fulfil($0) }
        let transfer = HTTPTransfer(request, self.service, idleLimit: idleLimit, .stream(buffer))
        buffer.whenRoom { [engine] in engine.post(.resume(transfer)) }
        let task = EngineTask(self.engine, transfer)
        let response = try await head.value(of: task).get()
        return (HTTPStream(buffer) { task.cancel() }, response)
    }
}

final class EngineTask: URLSessionDataTask, @unchecked Sendable {
    private let engine: HTTPEngine
    private let transfer: HTTPTransfer

    init(_ engine: HTTPEngine, _ transfer: HTTPTransfer) {
        (self.engine, self.transfer) = (engine, transfer)
        super.init()
    }

    override func resume() { self.engine.post(.start(self.transfer)) }

    /// Ends the request at once, from any thread. Closes its connection or, over HTTP/2, its stream.
    override func cancel() {
        self.transfer.cancel()
        self.engine.post(.cancel(self.transfer))
    }
}

extension OneShot {
    /// Runs the task until it completes; a cancelled Swift task cancels it.
    func value(of task: URLSessionTask) async -> Value {
        await withTaskCancellationHandler {
            task.resume()
            return await self.value
        } onCancel: {
            task.cancel()
        }
    }
}

/// Rejects requests that FoundationNetworking itself would send.
private final class NotOnTheEngine: URLProtocol {
    override class func canInit(with request: URLRequest) -> Bool { true }
    override class func canonicalRequest(for request: URLRequest) -> URLRequest { request }
    override func startLoading() { self.client?.urlProtocol(self, didFailWithError: URLError(.unsupportedURL)) }
    override func stopLoading() {}
}
