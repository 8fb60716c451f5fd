internal import Dispatch
internal import Foundation

/// One attempt at one request. It ends once, with what comes first: the answer, or a sign that none will come.
///
/// Unchecked: everything that changes is behind the lock.
final class Exchange: @unchecked Sendable {
    enum Outcome: Sendable {
        case answered(HTTPResponse)
        case failed(HTTPError)
        /// The connection, used before, had been dropped, and URLSession cannot send the body a second time.
        case connectionWasStale
    }

    private let lock = NSLock()
    private var continuation: CheckedContinuation<Outcome, Never>?
    private var timer: (any DispatchSourceTimer)?
    private var atEnd: (@Sendable () -> Void)?

    init(_ continuation: CheckedContinuation<Outcome, Never>) { self.continuation = continuation }

    /// To be called before the exchange can end.
    func started(_ timer: any DispatchSourceTimer, atEnd: @escaping @Sendable () -> Void) {
        self.lock.withLock { (self.timer, self.atEnd) = (timer, atEnd) }
    }

    func end(_ outcome: Outcome) {
        let (continuation, timer, atEnd) = self.lock.withLock {
            // The timer and its task hold each other until here.
            defer { (self.continuation, self.timer, self.atEnd) = (nil, nil, nil) }
            return (self.continuation, self.timer, self.atEnd)
        }
        timer?.cancel()
        atEnd?()
        continuation?.resume(returning: outcome)
    }
}
