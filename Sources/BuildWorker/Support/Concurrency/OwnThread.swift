internal import Foundation

/// Runs blocking calls (disk, broker) on dedicated threads: hung calls would exhaust the pools of Swift and Dispatch.
package enum OwnThread {
    /// Starts a thread without waiting for it.
    package static func start(_ body: @escaping @Sendable () -> Void) { Thread(block: body).start() }

    /// Waits for the result, even if the task is cancelled.
    package static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            self.start { continuation.resume(with: Swift.Result(catching: body)) }
        }
    }
}
