internal import Dispatch
internal import Foundation
internal import FoundationNetworking
internal import Synchronization

/// Hears what completion handlers are never told, and sees to the deadlines. It must be the *session's* delegate: one of a single task is
/// not asked about redirects.
final class ExchangeDelegate: NSObject, URLSessionTaskDelegate {
    /// An exchange that runs.
    struct Running: Sendable {
        let exchange: Exchange
        let task: URLSessionTask
        let deadline: ContinuousClock.Instant
        /// What became of it when the deadline has passed.
        let whenLate: @Sendable () -> Exchange.Outcome
    }

    private struct State {
        /// By task.
        var running: [ObjectIdentifier: Running] = [:]
        /// Somebody looks at the deadlines when the next interval is over.
        var isWatched = false
    }

    private let state = Mutex(State())
    /// The one place where tasks are cancelled: doing it from within URLSession's own calls may deadlock it.
    let queue = DispatchQueue(label: "http-exchanges")

    /// How late a deadline may be noticed. A timer for each request cost a seventh of the request's processor time (100 of 690 µs, twenty at
    /// once): each is made known to the kernel, and taken back when the answer comes.
    private static let interval = DispatchTimeInterval.milliseconds(50)

    func begin(_ running: Running) {
        let isFirst = self.state.withLock { state in
            state.running[ObjectIdentifier(running.task)] = running
            defer { state.isWatched = true }
            return !state.isWatched
        }
        if isFirst { self.watch() }
    }

    func forget(_ identifier: ObjectIdentifier) { self.state.withLock { _ = $0.running.removeValue(forKey: identifier) } }

    /// While something runs: an idle worker wakes up for nothing here.
    private func watch() {
        self.queue.asyncAfter(deadline: .now() + Self.interval) {
            let now = ContinuousClock.now
            let (late, isOver) = self.state.withLock { state in
                state.isWatched = !state.running.isEmpty
                return (state.running.values.filter { $0.deadline <= now }, !state.isWatched)
            }
            for running in late {
                running.exchange.end(running.whenLate())
                running.task.cancel()
            }
            if !isOver { self.watch() }
        }
    }

    private func end(_ task: URLSessionTask, _ outcome: Exchange.Outcome) {
        let identifier = ObjectIdentifier(task)
        self.state.withLock { $0.running[identifier] }?.exchange.end(outcome)
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
