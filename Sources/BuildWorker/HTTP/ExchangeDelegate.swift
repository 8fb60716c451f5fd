internal import Dispatch
internal import Foundation
internal import FoundationNetworking
internal import Synchronization

/// Hears what completion handlers are never told. It must be the *session's* delegate: one of a single task is not asked
/// about redirects.
final class ExchangeDelegate: NSObject, URLSessionTaskDelegate {
    /// By task, while they run.
    private let exchanges = Mutex<[ObjectIdentifier: Exchange]>([:])
    /// The one place where tasks are cancelled: doing it from within URLSession's own calls may deadlock it.
    let queue = DispatchQueue(label: "http-exchanges")

    func begin(_ exchange: Exchange, _ task: URLSessionTask) {
        let identifier = ObjectIdentifier(task)
        self.exchanges.withLock { $0[identifier] = exchange }
    }

    func forget(_ identifier: ObjectIdentifier) { self.exchanges.withLock { _ = $0.removeValue(forKey: identifier) } }

    private func end(_ task: URLSessionTask, _ outcome: Exchange.Outcome) {
        let identifier = ObjectIdentifier(task)
        self.exchanges.withLock { $0[identifier] }?.end(outcome)
        self.queue.async { task.cancel() }
    }

    /// A redirect would take the `Authorization` header to another host: it is an answer like any other.
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    /// Called for one reason only, as no request here has a stream: libcurl found a kept connection dropped and wants to send
    /// the body again on a new one. URLSession then sends *nothing* for it, so the server waits for ever, and this
    /// process spins on a core meanwhile (measured, 6.3.1). Never hand over a stream: URLSession would trap.
    func urlSession(_ session: URLSession, task: URLSessionTask, needNewBodyStream completionHandler: @escaping (InputStream?) -> Void) {
        completionHandler(nil)
        self.end(task, .connectionWasStale)
    }

    /// A 401 with `WWW-Authenticate: Basic`: whatever is replied here, such a task never completes (measured, 6.3.1).
    func urlSession(
        _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        guard let response = challenge.failureResponse as? HTTPURLResponse else { return completionHandler(.performDefaultHandling, nil) }
        self.end(task, .answered(HTTPResponse(status: response.statusCode, body: [])))
    }
}
