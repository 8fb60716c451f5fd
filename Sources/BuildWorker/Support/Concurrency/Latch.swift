internal import Synchronization

/// A one-time event with many waiters. Cancelling a waiting task does not end its wait.
package final class Latch: Sendable {
    /// `nil`: it has happened.
    private let waiters = Mutex<[CheckedContinuation<Void, Never>]?>([])

    package init() {}

    package func wait() async {
        await withCheckedContinuation { continuation in
            let hasHappened = self.waiters.withLock { waiters in
                waiters?.append(continuation)
                return waiters == nil
            }
            if hasHappened { continuation.resume() }
        }
    }

    package func open() {
        let waiters = self.waiters.withLock { waiters in
            defer { waiters = nil }
            return waiters
        }
        waiters?.forEach { $0.resume() }
    }
}
