/// How often and at what interval one request is retried within a delivery.
package struct RetryPolicy: Hashable, Sendable {
    /// Total attempts, at least 1.
    package var maxAttempts: Int
    /// Between the end of one attempt and the next.
    package var delay: Duration

    package init(maxAttempts: Int = 5, delay: Duration = .seconds(3)) {
        (self.maxAttempts, self.delay) = (max(1, maxAttempts), delay)
    }

    /// The pause before the next attempt; `nil`: no further attempt.
    package func pause(afterAttempt attempt: Int, isRetriable: Bool) -> Duration? {
        isRetriable && attempt < self.maxAttempts ? self.delay : nil
    }
}
