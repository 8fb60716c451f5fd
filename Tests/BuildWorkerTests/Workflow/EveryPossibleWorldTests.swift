import Testing

@testable import BuildWorker
@testable import Support
@testable import Workflow

/// Walks every possible world: each action may be answered by any fact it can teach.
@Suite struct EveryPossibleWorldTests {
    struct World: CustomTestStringConvertible {
        let command: BuildCommand
        let attempt: Int
        var testDescription: String { "\(command), attempt \(attempt)" }

        private static let commands: [BuildCommand] = [
            .start, .stop, .verify, .clear, .unreadable, .poison(crashes: 3),
        ]

        static let all = commands.flatMap { command in [0, 5, 6].map { World(command: command, attempt: $0) } }
    }

    @Test(arguments: World.all)
    func everyPathEndsAndKeepsThePromises(world: World) {
        let rules = WorkflowRules()
        var paths = 0
        for known in Self.beginnings(world.command, world.attempt) {
            let verdict: QuarantineVerdict =
                if case .poison(let crashes) = world.command { .quarantined(crashes: crashes, .none) } else { .none }
            self.walk(Self.runner(world.command, known, verdict), []) { settlement, runner, performed in
                paths += 1
                if let settlement {
                    self.check(settlement, runner.machine.facts, performed, world, rules)
                } else {
                    Issue.record("ends unsettled after \(performed)")
                }
            }
        }
        #expect(paths > 0)
    }

    private static let verdicts: [QuarantineVerdict] = [
        .none, .suspected, .quarantined(crashes: 3, .none), .quarantined(crashes: 3, .parked),
        .quarantined(crashes: 3, .saidToBeParked),
        .quarantined(crashes: 3, .unreportable),
    ]

    /// Whenever it is interrupted, and whatever may not be rejected: each is settled once or not at all, leaves what it joined, and observers
    /// hear of one end.
    @Test(arguments: verdicts, [DeliveryMachine.Interruption.cancelled, .takenBack])
    func everyDeliveryHasOneEnd(verdict: QuarantineVerdict, interruption: DeliveryMachine.Interruption) {
        var command = BuildCommand.verify
        if case .quarantined(let crashes, _) = verdict { command = .poison(crashes: crashes) }
        for (begins, isSetAside, mustNotBeRejected) in (0..<9).flatMap({ begins in
            [(begins, false, false), (begins, true, true)]
        }) {
            var runner = Self.runner(command, Facts(), verdict, mustNotBeRejected: mustNotBeRejected)
            runner.drivers.isSetAside = isSetAside
            runner.drivers.interruptions = (begins, interruption)
            self.walk(runner, []) { settlement, runner, performed in
                let ends = runner.drivers.ends
                #expect(runner.drivers.joined == 0, "joins, and does not leave, after \(performed)")
                #expect(ends.settled == (settlement == nil || runner.drivers.wasSetAside ? 0 : 1), "after \(performed)")
                #expect(
                    ends.settled + ends.unsettled == (runner.drivers.isReceived ? 1 : 0),
                    "tells of \(ends) ends after \(performed)")
                if mustNotBeRejected { #expect(settlement != .nack, "rejects what must not be") }
            }
        }
    }

    private static func runner(
        _ command: BuildCommand, _ known: Facts, _ verdict: QuarantineVerdict, mustNotBeRejected: Bool = false
    ) -> DeliveryRunner<WorldDrivers> {
        let reading = DeliveryMachine.Reading(command: command, facts: known, mustNotBeRejected: mustNotBeRejected)
        return DeliveryRunner(DeliveryMachine(WorkflowRules()), WorldDrivers(reading: reading, verdict: verdict))
    }

    /// What is known before, where it can matter to the command.
    private static func beginnings(_ command: BuildCommand, _ attempt: Int) -> [Facts] {
        let (isStart, isVerify) = (command == .start, command == .verify)
        var beginnings: [Facts] = []
        for isRepeated in [false, true] {
            for round in isVerify ? [0, 5, 6] : [0] {
                for wasStopped in isStart ? [false, true] : [false] {
                    for isFromInitTimer in isVerify ? [false, true] : [false] {
                        let clocks =
                            isVerify
                            ? [(false, false, false), (true, false, true), (true, true, false)]
                            : [(false, false, false), (true, true, true)]
                        for (isHealing, hadTime, isOverdue) in clocks {
                            let facts = Facts(
                                attempt: attempt, isRepeated: isRepeated, isFromInitTimer: isFromInitTimer,
                                round: round, wasStopped: wasStopped,
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

    /// - Parameter atEnd: is told what it is settled with; `nil`: it is not.
    private func walk(
        _ start: DeliveryRunner<WorldDrivers>, _ performed: [Action], _ answer: DeliveryMachine.Input? = nil,
        _ atEnd: (Settlement?, DeliveryRunner<WorldDrivers>, [Action]) -> Void
    ) {
        var (runner, settlement) = (start, Settlement?.none)
        runner.advance(answer ?? .received(runner.drivers.verdict))
        while let step = runner.pending {
            switch step {
            case .wait: runner.advance(.admitted)
            case .persist(.setAside): runner.advance(.persisted(isNews: runner.drivers.isSetAside))
            case .persist: runner.advance(.persisted(isNews: true))
            // It would go on for ever.
            case .pause: runner.advance(.interrupted(.takenBack))
            case .settle(let with, _):
                if settlement != nil { Issue.record("settles twice after \(performed)") }
                settlement = with
                runner.advance(.done)
            case .perform(let action): return self.perform(action, runner, performed, atEnd)
            case .join, .read, .enqueue, .start, .begin, .emit, .leave, .end:
                Issue.record("\(step) is the runner's own")
                return
            }
        }
        atEnd(settlement, runner, performed)
    }

    private func perform(
        _ action: Action, _ runner: DeliveryRunner<WorldDrivers>, _ performed: [Action],
        _ atEnd: (Settlement?, DeliveryRunner<WorldDrivers>, [Action]) -> Void
    ) {
        // What replaces a rejection, or goes behind all others, is no decision of the workflow's.
        let isDecided =
            action != .postpone(.counted) && action != .postpone(.aside) && !performed.contains(.postpone(.counted))
            && !runner.drivers.isReplacing
        guard
            !isDecided
                || performed.count(where: { $0.kind == action.kind && $0 != .postpone(.aside) })
                    <= (action.mayRepeat ? 1 : 0)
        else {
            Issue.record("repeats \(action) after \(performed)")
            return
        }
        for lesson in action.possibleLessons {
            var expected = runner.machine.facts
            for fact in lesson { expected.record(fact) }
            if isDecided, expected == runner.machine.facts {
                Issue.record("\(action) taught nothing new after \(performed)")
            }
            self.walk(runner, performed + [action], .completed(lesson, isOutage: false), atEnd)
        }
    }

    private func check(
        _ settlement: Settlement, _ facts: Facts, _ performed: [Action], _ world: World, _ rules: WorkflowRules
    ) {
        func expect(_ holds: Bool, _ promise: Comment) {
            if !holds { Issue.record("\(promise): \(settlement) after \(performed) with \(facts)") }
        }
        func waitsForBroker(_ facts: Facts) -> Bool {
            facts.timer == .unconfirmed || facts.timerKept == .failed("ENOSPC") || facts.parking == .unconfirmed
                || facts.verification == .unconfirmed
        }
        let reported =
            facts.failure == .taken || facts.failure == .refused("400") || facts.failure == .ended
            || facts.build == .ended || facts.build?.isRefused ?? false
        let isOwed =
            facts.build == .unknown && facts.hasBegun || facts.failure == .notTaken("502")
            || facts.build == .unavailable("502") || facts.pod == .unknown("503")
        let isHealing = facts.pod?.transient ?? false
        let isPostponed = facts.postponement == .confirmed
        switch (world.command, settlement) {
        case (.start, .ack), (.verify, .ack):
            // Whoever acks has the build watched by something that survives, or has ended it, or knows that it began or ended.
            let isWatched = facts.timer == .confirmed || facts.timerKept == .done || facts.verification == .confirmed
            let hasBegun = world.command == .verify && (facts.pod?.hasBegun ?? false)
            let isOver =
                facts.wasStopped && world.command == .start || facts.build == .ended || facts.note == .ended
                || facts.failure == .ended || facts.build?.isRefused ?? false || facts.parking == .confirmed
                || facts.parking == .unroutable
                || facts.build == .running
            expect(isWatched || reported || hasBegun || isOver || isPostponed, "acks a build that nobody watches")
        case (.stop, .ack):
            expect(
                facts.deletion == .done || isPostponed || world.attempt >= rules.reprocessLimit && !facts.isOutage,
                "acks a stop that was not done")
        case (.clear, .ack):
            expect(
                facts.clearing == .done || isPostponed || world.attempt >= rules.reprocessLimit && !facts.isOutage,
                "acks a clear that was not done")
        case (.unreadable, .ack):
            expect(facts.parking == .confirmed || facts.parking == .unroutable, "acks a message that is not parked")
        case (.poison, .ack):
            expect(
                facts.parking != .unconfirmed
                    && (reported || isPostponed || facts.isOverdue || facts.build == .running),
                "acks poison that nobody was told of")
        case (.start, .nack), (.verify, .nack), (.stop, .nack), (.clear, .nack), (.unreadable, .nack), (.poison, .nack):
            // Past the limit a message only waits for what others owe: the broker's confirm or the API's ear.
            let waitsForOthers =
                isOwed || facts.timer == .unconfirmed || facts.timerKept == .failed("ENOSPC")
                || facts.verification == .unconfirmed || facts.isOutage || facts.parking == .unconfirmed || isHealing
            expect(world.attempt < rules.reprocessLimit || waitsForOthers, "retries for ever")
            expect(!reported || facts.deletion != nil, "brings back a build that was failed")
            expect(!isPostponed, "brings back what the broker has already")
            expect(
                !facts.isOutage || facts.postponement != nil || waitsForBroker(facts), "counts an outage as an attempt")
        }
        if isPostponed {
            expect(
                (facts.isOutage || isOwed || isHealing) && (!reported || facts.deletion != nil),
                "postpones without need")
        }
        if let cause = performed.lazy.compactMap(\.failureCause).first {
            if case .retriesExhausted = cause {
                expect(!facts.isOutage || world.attempt > rules.reprocessLimit, "fails a build for an outage")
            }
            if case .neverBegan = cause { expect(facts.looks > 1, "fails a build without a last look") }
            expect(!(facts.pod?.hasBegun ?? false), "fails a build whose pod has begun")
            expect(
                facts.build == .waiting || facts.build == .running || facts.build == .unknown,
                "fails a build that may have ended")
            expect(facts.pod?.isBroken != true || cause.namesThePod, "hides what was seen")
        }
        if performed.contains(.createPod) {
            expect(!facts.wasStopped && world.attempt <= rules.reprocessLimit, "creates what must not be")
        }
        if let timer = performed.firstIndex(where: { $0.kind == "armTimer" }),
            let note = performed.firstIndex(where: { $0.kind == "notifyBuild" })
        {
            expect(timer < note, "tells before the timer is armed")
        }
        expect(performed.count { $0.note != nil } <= 1, "tells twice")
    }
}

/// Answers at once, and counts.
private struct WorldDrivers: DeliveryDrivers {
    let reading: DeliveryMachine.Reading
    let verdict: QuarantineVerdict
    var isSetAside = false
    /// After so many steps that were begun.
    var interruptions: (after: Int, DeliveryMachine.Interruption)?
    private(set) var joined = 0
    private(set) var isReceived = false
    private(set) var wasSetAside = false
    private(set) var isReplacing = false
    private(set) var ends = (settled: 0, unsettled: 0)
    private var begun = 0

    init(reading: DeliveryMachine.Reading, verdict: QuarantineVerdict) {
        (self.reading, self.verdict) = (reading, verdict)
    }

    var now: Duration { .zero }

    mutating func take(_ step: DeliveryMachine.Step) -> DeliveryMachine.Input? {
        switch step {
        case .join: self.joined = 1
        case .read: return .read(self.reading)
        case .enqueue: break
        case .start: return .started(wasStopped: false)
        case .begin(let step):
            if let (after, interruption) = self.interruptions, self.begun >= after { return .interrupted(interruption) }
            self.begun += 1
            self.isReplacing = step == .settle
        case .emit(.received): self.isReceived = true
        case .emit(.settled): self.ends.settled += 1
        case .emit(.requeued), .emit(.takenBack): self.ends.unsettled += 1
        case .emit(.setAside): self.wasSetAside = true
        case .emit: break
        case .leave: self.joined = 0
        case .wait, .perform, .persist, .pause, .settle, .end: return nil
        }
        return .done
    }
}

extension Action {
    /// The action without its details.
    fileprivate var kind: String { String("\(self)".prefix { $0 != "(" }) }

    /// A last look before a build is failed; a question that a refused note raises again.
    fileprivate var mayRepeat: Bool {
        switch self {
        case .getPod, .searchPods, .ask: true
        default: false
        }
    }

    /// What it tells the build.
    fileprivate var note: StatusUpdate? {
        switch self {
        case .armTimer(_, let note): note
        case .notifyBuild(let note): note
        default: nil
        }
    }

    /// All that this action can teach at once.
    fileprivate var possibleLessons: [[Fact]] {
        guard case .armTimer(_, .some) = self else { return self.possibleFacts.map { [$0] } }
        return PublishResult.allCases.flatMap { timer in Self.noteOutcomes.map { [.timer(timer), .note($0)] } }
    }

    private static let noteOutcomes: [NoteOutcome] = [.taken, .ended, .refused("401"), .lost("502")]

    private static let found: [PodObservation] = [
        .pending(node: nil, waitsFor: "a node"), .running(node: "n1"), .terminating(detail: ""), .notFound,
        .unknown("503"),
        .broken(PodFailure(.image, "", outlook: .transient)),
    ]

    private static let observations =
        found + [
            .pending(node: "n1", waitsFor: "an image"), .running(node: nil), .succeeded(node: "n1"), .notOwned,
            .broken(PodFailure(.image, "", outlook: .unclear)), .broken(PodFailure(.ended(phase: "failed"), "")),
            .broken(PodFailure(.ended(phase: "failed"), "", hasBegun: true)),
        ]

    /// All facts this action can teach.
    private var possibleFacts: [Fact] {
        switch self {
        case .ask(.isWaiting):
            [.waiting, .begun, .ended, .refused("401"), .unknown, .unavailable("502")].map(Fact.build)
        case .ask(.hasEnded):
            [.waiting, .running, .ended, .refused("401"), .unknown, .unavailable("502")].map(Fact.build)
        case .createPod:
            [
                .creation(.created()), .creation(.created(seen: .pending(node: nil, waitsFor: "a node"))),
                .creation(.alreadyExists),
                .creation(.rejected("422")), .creation(.refused("500")),
            ]
        case .getPod: Self.observations.map { .pod($0) }
        case .searchPods: Self.found.map { .search($0) }
        case .deletePods: [.deletion(.done), .deletion(.failed("500"))]
        case .armTimer: PublishResult.allCases.map(Fact.timer)
        case .keepTimer: [.timerKept(.done), .timerKept(.failed("ENOSPC"))]
        case .requestVerification: PublishResult.allCases.map(Fact.verification)
        case .notifyBuild: Self.noteOutcomes.map(Fact.note)
        case .reportFailure: [.taken, .ended, .refused("400"), .notTaken("502")].map(Fact.failure)
        case .clearCache: [.clearing(.done), .clearing(.failed("EIO"))]
        case .park: PublishResult.allCases.map(Fact.parking)
        case .postpone: PublishResult.allCases.map(Fact.postponement)
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

    fileprivate var transient: Bool {
        if case .broken(let failure) = self { failure.outlook != .permanentFailure } else { false }
    }

    fileprivate var hasBegun: Bool {
        switch self {
        case .running, .succeeded: true
        case .pending, .broken, .terminating, .notOwned, .notFound, .unknown: false
        }
    }
}
