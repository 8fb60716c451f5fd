import Foundation
import Testing

@testable import BuildWorker

/// Random schedules, each judged by every promise. The variables:
///
/// - `SIMULATION_SEED`: run this schedule only, and print what happens in it
/// - `SIMULATION_SCHEDULES`: how many to run instead of 100,000
/// - `SIMULATION_FIRST_SEED`: begin with this one instead of 0
@Suite struct SimulationTests {
    /// Seeds that one test case runs; cases run side by side.
    struct Seeds: CustomTestStringConvertible {
        let range: Range<Int>
        var testDescription: String { "seeds \(self.range.lowerBound)..<\(self.range.upperBound)" }

        static let all: [Seeds] = {
            if let seed = number("SIMULATION_SEED") { return [Seeds(range: seed..<seed + 1)] }
            let first = number("SIMULATION_FIRST_SEED") ?? 0
            let end = first + max(1, number("SIMULATION_SCHEDULES") ?? 100_000)
            return stride(from: first, to: end, by: 5_000).map { Seeds(range: $0..<min($0 + 5_000, end)) }
        }()

        static let isReplay = number("SIMULATION_SEED") != nil

        private static func number(_ variable: String) -> Int? {
            ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
        }
    }

    /// The first violation of a case is told with its trace, of the others the seeds.
    @Test(arguments: Seeds.all)
    func everyScheduleKeepsThePromises(seeds: Seeds) {
        var violations: [Violation] = []
        for seed in seeds.range {
            if let violation = Simulation(Schedule(seed: seed)).run() { violations.append(violation) }
        }
        if Seeds.isReplay { print(Self.trace(of: seeds.range.lowerBound).joined(separator: "\n")) }
        guard let first = violations.first else { return }
        let others = violations.dropFirst().prefix(20).map { "\n\($0)" }.joined()
        Issue.record(
            """
            \(violations.count) of \(seeds.range.count) schedules break a promise.
            \(Self.trace(of: first.seed).joined(separator: "\n"))
            \(first)
            replay it with: SIMULATION_SEED=\(first.seed) scripts/test --unit --filter everyScheduleKeepsThePromises\(others)
            """)
    }

    private static func trace(of seed: Int, _ mutation: Mutation? = nil) -> [String] {
        let simulation = Simulation(Schedule(seed: seed), mutation: mutation, tracing: true)
        _ = simulation.run()
        return simulation.trace
    }

    @Test(arguments: Mutation.allCases)
    func plantedBugsAreFound(mutation: Mutation) throws {
        let found = (0..<5_000).lazy.compactMap { Simulation(Schedule(seed: $0), mutation: mutation).run() }.first {
            violation in
            // The bug has to be what breaks it.
            violation.promise == mutation.broken && Simulation(Schedule(seed: violation.seed)).run() == nil
        }
        let violation = try #require(found, "no schedule shows it")
        print("planted bug \(mutation): \(violation)")
        let trace = Self.trace(of: violation.seed, mutation)
        #expect(trace.contains { $0.hasSuffix("BROKEN: \(violation.promise.rawValue)") })
        #expect(Self.trace(of: violation.seed, mutation) == trace, "its replay is another run")
        #expect(Simulation(Schedule(seed: violation.seed), mutation: mutation).run() == violation)
    }

    @Test func aRunIsAFunctionOfItsSeed() {
        for seed in 0..<100 {
            let trace = Self.trace(of: seed)
            #expect(!trace.isEmpty)
            #expect(Self.trace(of: seed) == trace)
        }
        #expect(Self.trace(of: 1) != Self.trace(of: 2))
    }

    /// Whoever adds a fact or an action names it in the census, and sees here whether the schedules ever reach it.
    @Test func theSchedulesReachEveryThingThatMayHappen() {
        var census = Census()
        for seed in 0..<3_000 {
            let simulation = Simulation(Schedule(seed: seed))
            _ = simulation.run()
            census.count(simulation)
        }
        #expect(Census.expected.subtracting(census.seen).sorted() == [])
    }
}
