package import Workflow

/// Workers in a row died at steps that ask others, nobody has got past these since, and no message is to blame as far as is known: what
/// is asked kills, or the worker's own defect.
package struct CrashLoop: Hashable, Sendable {
    package let crashes: Int
    /// That were handled alone then.
    package let messages: Int
    /// Where most of them died.
    package let step: HandlingStep

    /// One crash is no loop.
    static let fewest = 2

    /// - Returns: `nil` when there is none.
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

/// How long a suspect waits before it is handled, so that what kills does not kill as fast as workers start.
package struct CrashDelay: Hashable, Sendable {
    /// Since the worker began.
    package var sinceStart = Duration.zero
    /// Since it was delivered: those who came with it go first, and of several who died those with fewer deaths.
    package var sinceArrival = Duration.zero
    /// To be spread: nobody knows which of them kills, so each gets to be before it.
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
        // A message that nobody else shares its fate with waits itself, and nobody for it.
        if let loop {
            self.sinceStart = max(
                self.sinceStart, Self.pause(record?.hasOpenDeaths == true ? loop.crashes : loop.messages))
        }
    }

    /// It goes to the end of the line.
    package var isLast: Bool { self.sinceArrival > .zero || self.isByChance }

    /// After so many in a row: 0, 1 s, 2 s, 4 s … 5 minutes.
    static func pause(_ crashes: Int) -> Duration {
        crashes < CrashLoop.fewest ? .zero : min(.seconds(1 << min(crashes - CrashLoop.fewest, 20)), Self.longest)
    }
}

extension Suspects.Record {
    var hasOpenDeaths: Bool { self.deaths.values.contains { $0.open > 0 } }
}
