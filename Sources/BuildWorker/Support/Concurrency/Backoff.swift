/// Exponential backoff: doubling, bounded, with jitter so that many workers do not retry in step.
package struct Backoff: Sendable {
    private var failures = 0
    package let first: Duration
    package let limit: Duration

    package init(first: Duration = .milliseconds(250), limit: Duration) {
        (self.first, self.limit) = (first, max(limit, first))
    }

    /// The pause after one more failure: between half of and all of `first` × 2ⁿ, at most `limit`.
    package mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        defer { self.failures += 1 }
        return self.pause(after: self.failures, using: &random)
    }

    /// - Parameter failures: the number of failures before the latest one.
    package func pause(after failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
        min(self.limit, self.first * (1 << min(failures, 20))) * Double.random(in: 0.5...1, using: &random)
    }

    package mutating func reset() { self.failures = 0 }
}
