package import Workflow

/// Consecutive workers crashed at steps with external calls, no message has passed these steps since, and no message is
/// known to be at fault: the called service or a defect of the worker is the cause.
package struct CrashLoop: Hashable, Sendable {
    package let crashes: Int
    /// Messages processed in isolation at the time.
    package let messages: Int
    /// The step at which most crashed.
    package let step: HandlingStep

    /// A single crash is not a loop.
    static let fewest = 2

    /// - Returns: `nil` if there is no crash loop.
    init?(_ records: some Collection<Suspects.Record>) {
        var (messages, steps): (Int, [HandlingStep: Int]) = (0, [:])
        for record in records where record.hasOpenDeaths {
            messages += 1
            for (step, deaths) in record.deaths { steps[step, default: 0] += deaths.open }
        }
        let crashes = steps.values.reduce(0, +)
        guard crashes >= Self.fewest,
            let most = steps.max(by: { ($0.value, $1.key.letter) < ($1.value, $0.key.letter) })
        else { return nil }
        (self.crashes, self.messages, self.step) = (crashes, messages, most.key)
    }
}

extension CrashLoop: CustomStringConvertible {
    package var description: String {
        "crash loop: \(self.crashes) workers in a row died, most at '\(self.step.rawValue)'; deliveries are handled one at a time with growing pauses, and none is taken to be at fault"
    }
}

/// How long a suspected message waits, so that a crash does not recur as fast as workers restart.
package struct CrashDelay: Hashable, Sendable {
    /// Since the worker started.
    package var sinceStart = Duration.zero
    /// Since its delivery: others delivered with it go first, then suspected messages with fewer crashes.
    package var sinceArrival = Duration.zero
    /// Random order: the culprit is unknown, so each message gets to precede it eventually.
    package var isByChance = false

    static let longest = Duration.seconds(300)
    private static let longestSinceArrival = 10

    package init(_ record: Suspects.Record?, redeliveries: Int, loop: CrashLoop?) {
        if let record {
            let deaths = record.deaths.filter { $0.key != .reading }.values.map(\.count).reduce(0, +)
            self.sinceArrival = .seconds(min(deaths, Self.longestSinceArrival))
        } else {
            self.isByChance = redeliveries >= Suspects.redeliveriesOfASuspect
            self.sinceStart = Self.pause(redeliveries)
        }
        // If a single message crashes, only that message is delayed.
        if let loop {
            self.sinceStart = max(
                self.sinceStart, Self.pause(record?.hasOpenDeaths == true ? loop.crashes : loop.messages))
        }
    }

    /// It moves to the end of the queue.
    package var isLast: Bool { self.sinceArrival > .zero || self.isByChance }

    /// The pause after this many crashes in a row: 0, 1 s, 2 s, 4 s … 5 minutes.
    static func pause(_ crashes: Int) -> Duration {
        crashes < CrashLoop.fewest ? .zero : min(.seconds(1 << min(crashes - CrashLoop.fewest, 20)), Self.longest)
    }
}

extension Suspects.Record {
    var hasOpenDeaths: Bool { self.deaths.values.contains { $0.open > 0 } }
}
