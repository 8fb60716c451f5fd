import Testing

@testable import BuildWorker

/// Walks every possible world: each action may be answered by any fact it can teach.
@Suite struct EveryPossibleWorldTests {
    struct World: CustomTestStringConvertible {
        let command: BuildCommand
        let attempt: Int
        var testDescription: String { "\(command), attempt \(attempt)" }

        private static let commands: [BuildCommand] = [.start, .stop, .verify, .clear, .unreadable, .poison(crashes: 3)]

        static let all = commands.flatMap { command in [0, 5, 6].map { World(command: command, attempt: $0) } }
    }

    @Test(arguments: World.all)
    func everyPathEndsAndKeepsThePromises(world: World) {
        let rules = WorkflowRules()
        var paths = 0
        for known in Self.beginnings(world.command, world.attempt) {
            self.walk(world, rules, known, []) { settlement, facts, performed in
                paths += 1
                self.check(settlement, facts, performed, world, rules)
            }
        }
        #expect(paths > 0)
    }

    /// What is known before, where it can matter to the command.
    private static func beginnings(_ command: BuildCommand, _ attempt: Int) -> [Facts] {
        let (isStart, isVerify) = (command == .start, command == .verify)
        var beginnings: [Facts] = []
        for isRepeated in [false, true] {
            for round in isVerify ? [0, 5, 6] : [0] {
                for wasStopped in isStart ? [false, true] : [false] {
                    for isFromInitTimer in isVerify ? [false, true] : [false] {
                        let clocks = isVerify ? [(false, false, false), (true, false, true), (true, true, false)] : [(false, false, false), (true, true, true)]
                        for (isHealing, hadTime, isOverdue) in clocks {
                            let facts = Facts(
                                attempt: attempt, isRepeated: isRepeated, isFromInitTimer: isFromInitTimer, round: round, wasStopped: wasStopped,
                                isHealing: isHealing, hadTimeToHeal: hadTime, isOverdue: isOverdue)
                            var inOutage = facts
                            inOutage.recordOutage()
                            beginnings += [facts, inOutage]
                        }
                    }
                }
            }
        }
        return beginnings
    }

    private func walk(
        _ world: World, _ rules: WorkflowRules, _ facts: Facts, _ performed: [Action], _ atEnd: (Settlement, Facts, [Action]) -> Void
    ) {
        let action = BuildWorkflow.nextAction(for: world.command, given: facts, rules: rules)
        if case .settle(let settlement) = action { return atEnd(settlement, facts, performed) }
        guard performed.count(where: { $0.kind == action.kind }) <= (action.mayRepeat ? 1 : 0) else {
            Issue.record("repeats \(action) after \(performed)")
            return
        }
        for lesson in action.possibleLessons {
            var next = facts
            for fact in lesson { next.record(fact) }
            guard next != facts else {
                Issue.record("\(action) taught nothing new after \(performed)")
                return
            }
            self.walk(world, rules, next, performed + [action], atEnd)
        }
    }

    private func check(_ settlement: Settlement, _ facts: Facts, _ performed: [Action], _ world: World, _ rules: WorkflowRules) {
        func expect(_ holds: Bool, _ promise: Comment) {
            if !holds { Issue.record("\(promise): \(settlement) after \(performed) with \(facts)") }
        }
        func waitsForBroker(_ facts: Facts) -> Bool {
            facts.timer == .notHeld || facts.timerKept == .failed("ENOSPC") || facts.parking == .notHeld || facts.verification == .notHeld
        }
        let reported = facts.failure == .taken || facts.failure == .refused("400") || facts.failure == .ended || facts.build == .ended || facts.build?.isRefused ?? false
        let isOwed = facts.build == .unknown && facts.hasBegun || facts.failure == .notTaken("502") || facts.build == .unavailable("502") || facts.pod == .unseen("503")
        let isHealing = facts.pod?.mayHeal ?? false
        let isPostponed = facts.postponement == .held
        switch (world.command, settlement) {
        case (.start, .ack), (.verify, .ack):
            // Whoever acks has the build watched by something that survives, or has ended it, or knows that it began or ended.
            let isWatched = facts.timer == .held || facts.timerKept == .done || facts.verification == .held
            let hasBegun = world.command == .verify && (facts.pod?.hasBegun ?? false)
            let isOver = facts.wasStopped && world.command == .start || facts.build == .ended || facts.note == .ended || facts.failure == .ended || facts.build?.isRefused ?? false || facts.parking == .held || facts.parking == .noQueue
                || facts.build == .running
            expect(isWatched || reported || hasBegun || isOver || isPostponed, "acks a build that nobody watches")
        case (.stop, .ack): 
            expect(facts.deletion == .done || isPostponed || world.attempt >= rules.reprocessLimit && !facts.isOutage, "acks a stop that was not done")
        case (.clear, .ack): 
            expect(facts.clearing == .done || isPostponed || world.attempt >= rules.reprocessLimit && !facts.isOutage, "acks a clear that was not done")
        case (.unreadable, .ack): expect(facts.parking == .held || facts.parking == .noQueue, "acks a message that is not parked")
        case (.poison, .ack): expect(facts.parking != .notHeld && (reported || isPostponed || facts.isOverdue || facts.build == .running), "acks poison that nobody was told of")
        case (.start, .nack), (.verify, .nack), (.stop, .nack), (.clear, .nack), (.unreadable, .nack), (.poison, .nack):
            // Past the limit a message only waits for what others owe: the broker's confirm or the API's ear.
            let waitsForOthers = isOwed || facts.timer == .notHeld || facts.timerKept == .failed("ENOSPC") || facts.verification == .notHeld || facts.isOutage || facts.parking == .notHeld || isHealing
            expect(world.attempt < rules.reprocessLimit || waitsForOthers, "retries for ever")
            expect(!reported || facts.deletion != nil, "brings back a build that was failed")
            expect(!isPostponed, "brings back what the broker has already")
            expect(!facts.isOutage || facts.postponement != nil || waitsForBroker(facts), "counts an outage as an attempt")
        }
        if isPostponed { expect((facts.isOutage || isOwed || isHealing) && (!reported || facts.deletion != nil), "postpones without need") }
        if let cause = performed.lazy.compactMap(\.failureCause).first {
            if case .retriesExhausted = cause { expect(!facts.isOutage || world.attempt > rules.reprocessLimit, "fails a build for an outage") }
            if case .neverBegan = cause { expect(facts.looks > 1, "fails a build without a last look") }
            expect(!(facts.pod?.hasBegun ?? false), "fails a build whose pod has begun")
            expect(facts.build == .waiting || facts.build == .running || facts.build == .unknown, "fails a build that may have ended")
            expect(facts.pod?.isBroken != true || cause.namesThePod, "hides what was seen")
        }
        if performed.contains(.createPod) { expect(!facts.wasStopped && world.attempt <= rules.reprocessLimit, "creates what must not be") }
        if let timer = performed.firstIndex(where: { $0.kind == "armTimer" }), let note = performed.firstIndex(where: { $0.kind == "tellBuild" }) {
            expect(timer < note, "tells before the timer is armed")
        }
        expect(performed.count { $0.note != nil } <= 1, "tells twice")
    }
}

extension Action {
    /// The action without its details.
    fileprivate var kind: String { String("\(self)".prefix { $0 != "(" }) }

    /// A last look before a build is failed; a question that a refused note raises again.
    fileprivate var mayRepeat: Bool {
        switch self {
        case .lookAtPod, .searchPods, .ask: true
        default: false
        }
    }

    /// What it tells the build.
    fileprivate var note: BuildNote? {
        switch self {
        case .armTimer(_, let note): note
        case .tellBuild(let note): note
        default: nil
        }
    }

    /// All that this action can teach at once.
    fileprivate var possibleLessons: [[Fact]] {
        guard case .armTimer(_, .some) = self else { return self.possibleFacts.map { [$0] } }
        return HandOver.allCases.flatMap { timer in Self.noteOutcomes.map { [.timer(timer), .note($0)] } }
    }

    private static let noteOutcomes: [NoteOutcome] = [.taken, .ended, .refused("401"), .lost("502")]

    private static let found: [PodObservation] = [
        .pending(node: nil, waitsFor: "a node"), .running(node: "n1"), .terminating(detail: ""), .absent, .unseen("503"),
        .broken(PodFailure(.image, "", outlook: .mayHeal)),
    ]

    private static let observations =
        found + [
            .pending(node: "n1", waitsFor: "an image"), .running(node: nil), .succeeded(node: "n1"), .foreign,
            .broken(PodFailure(.image, "", outlook: .unclear)), .broken(PodFailure(.ended(phase: "failed"), "")),
            .broken(PodFailure(.ended(phase: "failed"), "", hasBegun: true)),
        ]

    /// All facts this action can teach.
    private var possibleFacts: [Fact] {
        switch self {
        case .ask(.isWaiting): [.waiting, .begun, .ended, .refused("401"), .unknown, .unavailable("502")].map(Fact.build)
        case .ask(.hasEnded): [.waiting, .running, .ended, .refused("401"), .unknown, .unavailable("502")].map(Fact.build)
        case .createPod:
            [
                .creation(.created()), .creation(.created(seen: .pending(node: nil, waitsFor: "a node"))), .creation(.alreadyExists),
                .creation(.rejected("422")), .creation(.refused("500")),
            ]
        case .lookAtPod: Self.observations.map(Fact.pod)
        case .searchPods: Self.found.map(Fact.search)
        case .deletePods: [.deletion(.done), .deletion(.failed("500"))]
        case .armTimer: HandOver.allCases.map(Fact.timer)
        case .keepTimer: [.timerKept(.done), .timerKept(.failed("ENOSPC"))]
        case .requestVerification: HandOver.allCases.map(Fact.verification)
        case .tellBuild: Self.noteOutcomes.map(Fact.note)
        case .reportFailure: [.taken, .ended, .refused("400"), .notTaken("502")].map(Fact.failure)
        case .clearCache: [.clearing(.done), .clearing(.failed("EIO"))]
        case .park: HandOver.allCases.map(Fact.parking)
        case .postpone: HandOver.allCases.map(Fact.postponement)
        case .settle: []
        }
    }
}

extension Action {
    fileprivate var failureCause: FailureCause? { if case .reportFailure(let cause) = self { cause } else { nil } }
}

extension FailureCause {
    fileprivate var namesThePod: Bool { if case .pod = self { true } else { false } }
}

extension BuildState {
    fileprivate var isRefused: Bool { if case .refused = self { true } else { false } }
}

extension PodObservation {
    fileprivate var isBroken: Bool { if case .broken = self { true } else { false } }

    fileprivate var mayHeal: Bool { if case .broken(let failure) = self { failure.outlook != .hopeless } else { false } }

    fileprivate var hasBegun: Bool {
        switch self {
        case .running, .succeeded: true
        case .pending, .broken, .terminating, .foreign, .absent, .unseen: false
        }
    }
}
