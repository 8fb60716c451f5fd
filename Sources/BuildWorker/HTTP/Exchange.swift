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
    private var atEnd: (@Sendable () -> Void)?

    init(_ continuation: CheckedContinuation<Outcome, Never>) { self.continuation = continuation }

    /// To be called before the exchange can end.
    func started(atEnd: @escaping @Sendable () -> Void) { self.lock.withLock { self.atEnd = atEnd } }

    func end(_ outcome: Outcome) {
        let (continuation, atEnd) = self.lock.withLock {
            defer { (self.continuation, self.atEnd) = (nil, nil) }
            return (self.continuation, self.atEnd)
        }
        atEnd?()
        continuation?.resume(returning: outcome)
    }
}
