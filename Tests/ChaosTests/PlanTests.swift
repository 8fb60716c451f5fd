import ChaosModel
import Testing

@Suite struct PlanTests {
    private func settings(_ seed: UInt64, builds: Int = 300, faults: Int = 40, _ layout: ChaosSettings.Layout = .quorum)
        -> ChaosSettings
    {
        ChaosSettings(seed: seed, builds: builds, faults: faults, workers: nil, layout: layout)
    }

    @Test func theSeedDecidesEverything() {
        #expect(Plan(self.settings(7)) == Plan(self.settings(7)))
        #expect(FaultSchedule(self.settings(7)) == FaultSchedule(self.settings(7)))
        #expect(Plan(self.settings(7)) != Plan(self.settings(8)))
        #expect(FaultSchedule(self.settings(7)) != FaultSchedule(self.settings(8)))
        #expect(Set((1...30).map { self.settings($0).workers }) == [1, 2, 3])
    }

    /// What the same seed draws may not change unnoticed: a seed in an old report would mean something else.
    @Test func theGeneratorIsTheKnownOne() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            [random.next(), random.next(), random.next()] == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }

    @Test func everyFateAndEveryKindOfMessageIsDrawn() {
        let plan = Plan(self.settings(1, builds: 5000))
        #expect(Set(plan.builds.map(\.fate)) == Set(BuildFate.all))
        #expect(Set(plan.rubbish.map(\.kind)) == Set(Rubbish.Kind.allCases))
        #expect(plan.builds.contains { $0.copyAfter != nil } && plan.builds.contains { $0.stop == .before })
        #expect(plan.builds.contains { if case .after = $0.stop { true } else { false } })
        #expect(Set(plan.rubbish.map { $0.body(token: "t") }).count == plan.rubbish.count, "no two are alike")
    }

    /// As in production: with an init timer of minutes, most builds are over before it fires.
    @Test func manyBuildsAreShort() {
        let builds = Plan(self.settings(1, builds: 5000)).builds
        let short = builds.count { if case .ends = $0.fate.expectation { true } else { false } }
        #expect(short * 3 >= builds.count)
    }

    @Test func everyFaultIsDrawnOnceBeforeAnyTwice() {
        let kinds = FaultKind.allCases.count
        let schedule = FaultSchedule(self.settings(1, faults: 2 * kinds)).entries
        #expect(Set(schedule.prefix(kinds).map(\.fault.kind)) == Set(FaultKind.allCases))
        #expect(schedule.map(\.number) == Array(1...2 * kinds))
        #expect(schedule.allSatisfy { $0.at >= 0 })
    }

    /// Some of what is drawn is HTTP, and costs nothing; no draw leaves a request without a fate.
    @Test func everyRawAnswerIsDrawn() {
        let drawn = FaultSchedule(self.settings(1, faults: 400)).entries.compactMap { entry -> [RawAnswer]? in
            if case .rawAnswers(_, let answers, _, _) = entry.fault { answers } else { nil }
        }
        #expect(Set(drawn.joined().map(\.kind)) == Set(RawAnswer.Kind.allCases))
        #expect(drawn.allSatisfy { $0.count == 4 && $0.count(where: \.kind.isLegal) == 1 })
        #expect(drawn.joined().allSatisfy { $0.isAfter || !$0.kind.isLegal } && drawn.joined().contains { !$0.isAfter })
    }

    @Test func aShareOfTheSeedsHasOtherQueues() {
        let layouts = (1...200).map { ChaosSettings(seed: $0, builds: 1, faults: 1, workers: nil, layout: nil).layout }
        #expect(
            (30...70).contains(layouts.count { $0 == .guide }) && (10...40).contains(layouts.count { $0 == .alone })
                && Set(layouts) == [.guide, .alone, .quorum])
        #expect(
            FaultSchedule(self.settings(1, faults: 200, .guide)).entries.contains { $0.fault.kind == .brokerKilled })
    }

    /// There a killed broker may lose messages, and that is nobody's fault.
    @Test(arguments: [ChaosSettings.Layout.classic, .upstream])
    func classicQueuesKeepTheirBroker(layout: ChaosSettings.Layout) {
        #expect(
            !FaultSchedule(self.settings(1, faults: 200, layout)).entries.contains { $0.fault.kind == .brokerKilled })
    }
}
