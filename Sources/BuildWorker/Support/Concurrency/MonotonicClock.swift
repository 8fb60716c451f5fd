/// The source of time for everything that waits, measures or times out: the system clock, or a test clock.
package protocol MonotonicClock: Clock where Instant == ContinuousClock.Instant {}

extension ContinuousClock: MonotonicClock {}

extension MonotonicClock {
    /// - Returns: `false` if the task was cancelled.
    package func pause(_ time: Duration) async -> Bool {
        do { try await self.sleep(until: self.now.advanced(by: time), tolerance: nil) } catch { return false }
        return true
    }
}
