import Foundation
import Testing

@testable import BuildWorker
@testable import Spool
@testable import Workflow

/// Workers that die at each step, of a peer or of a message. `CRASH_SCHEDULES`: how many for each step instead of 12.
@Suite struct CrashSimulationTests {
    private static let schedules = ProcessInfo.processInfo.environment["CRASH_SCHEDULES"].flatMap { Int($0) } ?? 12

    /// Nobody innocent is parked or failed, and in the end each has started once.
    private func judge(_ outcome: CrashSimulation.Outcome, _ schedule: CrashSchedule) {
        let poison = schedule.poison?.number
        // Poison that is alone in the queue is never quarantined, and kills for ever.
        if !outcome.isHung || outcome.left != [poison] {
            #expect(outcome.left == [], "seed \(schedule.seed) never ends: \(outcome)")
        }
        #expect(
            outcome.quarantined.subtracting([poison].compactMap { $0 }) == [],
            "seed \(schedule.seed) convicts an innocent: \(outcome)")
        for message in schedule.messages + schedule.later where message.number != poison {
            let isStarted =
                message.kind == .startOfStarted
                || CrashSchedule.steps(message.kind).contains(.createPod) && message.kind != .startOfInvalidPod
            #expect(
                outcome.pods[message.number] ?? 0 == (isStarted ? 1 : 0),
                "seed \(schedule.seed): pods of message \(message.number)")
        }
    }

    @Test(arguments: CrashSchedule.askingSteps)
    func aPeerThatKillsConvictsNobody(step: HandlingStep) async throws {
        var (crashes, loops) = (0, 0)
        for seed in 0..<Self.schedules {
            let schedule = CrashSchedule(seed: seed, peerStep: step)
            let outcome = try await CrashSimulation(schedule).run()
            self.judge(outcome, schedule)
            #expect(!outcome.stillInLoop, "seed \(seed): the peer has healed")
            crashes += outcome.crashes
            loops += outcome.loops
        }
        #expect(crashes > 0, "no schedule has anybody at '\(step)'")
        print("peer at \(step): \(crashes) crashes, \(loops) workers began in a loop")
    }

    @Test(arguments: CrashSchedule.askingSteps + [HandlingStep.reading])
    func poisonIsConvictedWhenOthersSurvive(step: HandlingStep) async throws {
        var (crashes, most) = (0, 0)
        for seed in 0..<Self.schedules {
            let schedule = CrashSchedule(seed: seed, poisonStep: step)
            let outcome = try await CrashSimulation(schedule).run()
            self.judge(outcome, schedule)
            guard outcome.crashes > 0 else { continue }
            #expect(outcome.quarantined == [schedule.poison?.number], "seed \(seed): \(outcome)")
            #expect(outcome.crashes >= Suspects.limit, "seed \(seed): \(outcome)")
            if step == .reading { #expect(outcome.crashes == 3, "seed \(seed)") }
            crashes += outcome.crashes
            most = max(most, outcome.crashes)
        }
        #expect(crashes > 0, "no schedule has poison at '\(step)'")
        print("poison at \(step): \(crashes) crashes, at most \(most) for one")
    }

    @Test(arguments: CrashSchedule.askingSteps)
    func poisonAndAPeerThatKills(step: HandlingStep) async throws {
        for seed in 0..<Self.schedules {
            let schedule = CrashSchedule(
                seed: seed, peerStep: step, poisonStep: seed.isMultiple(of: 2) ? step : .reading)
            let outcome = try await CrashSimulation(schedule).run()
            self.judge(outcome, schedule)
        }
    }
}
