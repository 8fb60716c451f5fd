internal import Foundation

/// For calls that block, on a disk or a broker: each gets a thread of its own, because Swift's few threads carry everything else, and
/// Dispatch's shared ones would all be taken by enough calls that hang.
package enum OwnThread {
    /// Nobody waits for it.
    package static func start(_ body: @escaping @Sendable () -> Void) { Thread(block: body).start() }

    /// Does not end early when the task is cancelled.
    package static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            self.start { continuation.resume(with: Swift.Result(catching: body)) }
        }
    }
}
