/// How often and how fast one request is tried again within a delivery.
package struct RetryPolicy: Hashable, Sendable {
    /// Attempts in all, at least 1.
    package var maxAttempts: Int
    /// Between the end of one attempt and the next.
    package var delay: Duration

    package init(maxAttempts: Int = 5, delay: Duration = .seconds(3)) {
        (self.maxAttempts, self.delay) = (max(1, maxAttempts), delay)
    }

    /// The pause before another attempt; `nil` when there is none.
    package func pause(afterAttempt attempt: Int, isRetriable: Bool) -> Duration? {
        isRetriable && attempt < self.maxAttempts ? self.delay : nil
    }
}
