internal import Dispatch

/// For calls that block: they get a thread of their own, because Swift's few threads carry everything else.
enum OwnThread {
    /// Nobody waits for it.
    static func start(_ body: @escaping @Sendable () -> Void) { DispatchQueue.global().async(execute: body) }

    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                do { continuation.resume(returning: try body()) } catch { continuation.resume(throwing: error) }
            }
        }
    }
}
