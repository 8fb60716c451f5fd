/// Where time comes from for whatever waits, measures or gives up: the machine's clock, or a test's that a test moves on.
package protocol MonotonicClock: Clock where Instant == ContinuousClock.Instant {}

extension ContinuousClock: MonotonicClock {}

extension MonotonicClock {
    /// - Returns: `false` when the task was cancelled meanwhile.
    package func pause(_ time: Duration) async -> Bool {
        do { try await self.sleep(until: self.now.advanced(by: time), tolerance: nil) } catch { return false }
        return true
    }
}
