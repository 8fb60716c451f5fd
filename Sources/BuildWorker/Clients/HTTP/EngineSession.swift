internal import Foundation
internal import FoundationNetworking
internal import Support

/// A `URLSession` whose data tasks run on the engine: to its callers it is URLSession, and of FoundationNetworking's own HTTP, which a peer's
/// answer can end the process through (6.3.1), nothing runs.
///
/// Subclassed rather than fed by a `URLProtocol`: URLSession's bookkeeping for a protocol costs more than the request (100 to 150 µs against
/// 30), and allows one request at a time for each session. Measured in `Benchmarks/README.md`.
final class EngineSession: URLSession, @unchecked Sendable {
    private let engine: HTTPEngine
    private let service: HTTPService

    init(_ engine: HTTPEngine, _ service: HTTPService) {
        (self.engine, self.service) = (engine, service)
        let configuration = URLSessionConfiguration.ephemeral
        // What is not overridden here would go past the engine.
        configuration.protocolClasses = [NotOnTheEngine.self]
        super.init(configuration: configuration, delegate: nil, delegateQueue: nil)
    }

    /// - Parameters:
    ///   - request: its `timeoutInterval` is the deadline for the whole, from `resume()` to the last byte of the answer.
    ///   - completionHandler: called on the engine's thread, which it must not hold up. An error is an ``HTTPError``.
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

    /// As `bytes(for:)`, which URLSession on Linux lacks, but in pieces. The answer's head comes first.
    ///
    /// - Parameters:
    ///   - request: its `timeoutInterval` is the deadline for the head.
    ///   - idleLimit: between two pieces of the body; `nil`: none, as long as the peer's system acknowledges that it is there.
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

/// One request of an ``EngineSession``.
final class EngineTask: URLSessionDataTask, @unchecked Sendable {
    private let engine: HTTPEngine
    private let transfer: HTTPTransfer

    init(_ engine: HTTPEngine, _ transfer: HTTPTransfer) {
        (self.engine, self.transfer) = (engine, transfer)
        super.init()
    }

    override func resume() { self.engine.post(.start(self.transfer)) }

    /// Ends it at once, from any thread. Its connection is closed, or, over HTTP/2, its stream.
    override func cancel() {
        self.transfer.cancel()
        self.engine.post(.cancel(self.transfer))
    }
}

extension OneShot {
    /// Runs the task until the value is there; a cancelled Swift task cancels it.
    func value(of task: URLSessionTask) async -> Value {
        await withTaskCancellationHandler {
            task.resume()
            return await self.value
        } onCancel: {
            task.cancel()
        }
    }
}

/// Refuses what would be sent by FoundationNetworking itself.
private final class NotOnTheEngine: URLProtocol {
    override class func canInit(with request: URLRequest) -> Bool { true }
    override class func canonicalRequest(for request: URLRequest) -> URLRequest { request }
    override func startLoading() { self.client?.urlProtocol(self, didFailWithError: URLError(.unsupportedURL)) }
    override func stopLoading() {}
}
