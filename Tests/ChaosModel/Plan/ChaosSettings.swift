/// What a run is a function of. Everything that is drawn is drawn from ``seed``.
package struct ChaosSettings: Codable, Hashable, Sendable {
    package enum Layout: String, Codable, CaseIterable, Sendable {
        /// As `worker topology apply` makes it.
        case quorum
        /// The same queues, classic.
        case classic
        /// As administrators of the original have it: `<queue>` and `<queue>dlr`, no init timers, nothing parked.
        case upstream
        /// As the official guide has it, a topic exchange and classic queues with priorities, with what `worker topology apply` adds to it; the worker's
        /// user has the guide's rights.
        case guide
        /// Without a retry queue, which is switched off: the workers keep timers and verifications themselves.
        case alone

        /// Timers are in no queue at all.
        package var keepsTimersInWorkers: Bool { self == .upstream || self == .alone }
    }

    package var seed: UInt64
    package var builds: Int
    package var faults: Int
    /// 1–3.
    package var workers: Int
    package var layout: Layout

    // What the workers are configured with, and the checker judges by.

    /// Seconds until an init timer fires.
    package var initTimeout = 5.0
    /// Seconds that a rejected message waits.
    package var retryDelay = 2.0
    /// Failed attempts after which a build is failed.
    package var reprocessLimit = 5
    /// Times a pending pod is looked at before its build is failed.
    package var verifyLimit = 3
    /// Seconds a request to either API may take.
    package var requestTimeout = 3.0
    /// Seconds a worker may take to drain.
    package var drainTimeout = 10.0

    /// - Parameters:
    ///   - workers: nil: drawn from the seed.
    ///   - layout: nil: drawn from the seed: the guide's for a quarter of them, no retry queue for an eighth, and otherwise all of the worker's own.
    package init(seed: UInt64, builds: Int, faults: Int, workers: Int?, layout: Layout?) {
        var random = SplitMix64(seed: seed ^ 0x776F_726B_6572_7321)
        (self.seed, self.builds, self.faults) = (seed, builds, faults)
        self.workers = workers ?? Int.random(in: 1...3, using: &random)
        self.layout =
            layout ?? [Layout.guide, .guide, .alone].dropFirst(Int.random(in: 0..<8, using: &random)).first ?? .quorum
    }

    /// Seconds in which the messages are published and the faults begin.
    package var window: Double { max(15, Double(self.faults) * 3.2) }
}
