import Foundation
import Testing

@testable import BuildWorker
@testable import Spool
@testable import Workflow

@Suite struct SuspectsTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
        "suspects-\(UUID().uuidString)"
    ).path
    private static let keys = (1...20).map { MessageKey(queue: "builds", body: [UInt8($0)]) }
    private let keys = Self.keys

    private func entries(_ keys: [MessageKey], _ step: HandlingStep) -> [InFlightLedger.Entry] {
        keys.map { .init(key: $0, step: step) }
    }

    struct Row: CustomTestStringConvertible {
        let testDescription: String
        var record: Suspects.Record?
        var redeliveries = 0
        var isLoop = false
        let verdict: Suspects.Verdict
    }

    @Test(arguments: [
        Row(testDescription: "unknown", verdict: .none),
        Row(testDescription: "unknown, in a crash loop", isLoop: true, verdict: .suspected),
        Row(testDescription: "redelivered once", redeliveries: 1, verdict: .none),
        Row(testDescription: "redelivered twice", redeliveries: 2, verdict: .suspected),
        Row(testDescription: "redelivered often: no evidence", redeliveries: 50, verdict: .suspected),
        Row(testDescription: "was there once", record: .init(crashes: 1), verdict: .suspected),
        Row(testDescription: "was there three times: no evidence", record: .init(crashes: 3), verdict: .suspected),
        Row(testDescription: "was there fifty times", record: .init(crashes: 50), verdict: .suspected),
        Row(
            testDescription: "died once while it was read",
            record: .init(crashes: 3, deaths: [.reading: .init(count: 1)]), verdict: .suspected),
        Row(
            testDescription: "died twice while it was read",
            record: .init(crashes: 2, deaths: [.reading: .init(count: 2)]), verdict: .suspected),
        Row(
            testDescription: "… and was there before", record: .init(crashes: 3, deaths: [.reading: .init(count: 2)]),
            verdict: .quarantined(crashes: 3, .none)),
        Row(
            testDescription: "died at a request, always",
            record: .init(crashes: 9, deaths: [.createPod: .init(count: 9, open: 9)]), verdict: .suspected),
        Row(
            testDescription: "others have got past it since",
            record: .init(crashes: 9, deaths: [.createPod: .init(count: 9, survivors: 3)]), verdict: .suspected),
        Row(
            testDescription: "others have, and it died there again",
            record: .init(crashes: 3, deaths: [.createPod: .init(count: 2, isProof: true)]),
            verdict: .quarantined(crashes: 3, .none)),
        Row(
            testDescription: "… but two crashes are too few",
            record: .init(crashes: 2, deaths: [.createPod: .init(count: 2, isProof: true)]), verdict: .suspected),
        Row(
            testDescription: "parked, not told yet", record: .init(crashes: 3, custody: .parked),
            verdict: .quarantined(crashes: 3, .parked)),
        Row(
            testDescription: "killed while read to be told", record: .init(crashes: 4, custody: .unreportable),
            verdict: .quarantined(crashes: 4, .unreportable)),
    ])
    func verdicts(_ row: Row) {
        #expect(Suspects.verdict(row.record, redeliveries: row.redeliveries, isLoop: row.isLoop) == row.verdict)
    }

    // MARK: What happens, and who is to blame

    /// What happened on one disk, by the messages' numbers.
    enum Event {
        case crash([Int], HandlingStep)
        case survives(Int, HandlingStep)
    }

    struct Course: CustomTestStringConvertible {
        let testDescription: String
        let events: [Event]
        var quarantined: Set<Int> = []
        /// Crashes of the loop; `nil`: it is none.
        var loop: Int?
    }

    private static let others: [Event] = [.survives(7, .createPod), .survives(8, .createPod), .survives(9, .createPod)]

    @Test(arguments: [
        Course(
            testDescription: "present among others three times",
            events: Array(repeating: .crash([0, 1, 2], .amongOthers), count: 3)),
        Course(
            testDescription: "read",
            events: [.crash([0, 1], .amongOthers), .crash([0], .reading), .crash([0], .reading)], quarantined: [0]),
        Course(
            testDescription: "the peer kills whoever asks",
            events: [.crash([0, 1, 2], .amongOthers)] + [0, 1, 2, 0, 1, 2, 0].map { .crash([$0], .createPod) }, loop: 7),
        Course(
            testDescription: "… and heals: others survive, and nobody is to blame",
            events: [.crash([0, 1, 2], .amongOthers)] + [0, 1, 2, 0, 1, 2, 0].map { .crash([$0], .createPod) }
                + Self.others),
        Course(
            testDescription: "one alone in the queue", events: Array(repeating: .crash([0], .createPod), count: 9),
            loop: 9),
        Course(
            testDescription: "… and then others survive what it dies of",
            events: Array(repeating: .crash([0], .createPod), count: 9) + Self.others + [.crash([0], .createPod)],
            quarantined: [0]),
        Course(
            testDescription: "others survive one by one, between its deaths",
            events: [.crash([0], .amongOthers)]
                + [7, 8, 9].flatMap { [.crash([0], .createPod), .survives($0, .createPod)] } + [
                    .crash([0], .createPod)
                ], quarantined: [0]),
        Course(
            testDescription: "too few others survive",
            events: [.crash([0], .amongOthers), .crash([0], .createPod)] + Self.others.dropLast() + [
                .crash([0], .createPod)
            ]),
        Course(
            testDescription: "others survive another step",
            events: [.crash([0], .amongOthers), .crash([0], .armTimer)] + Self.others + [.crash([0], .armTimer)],
            loop: 2),
        Course(
            testDescription: "the peer is well for a while, and kills another first",
            events: [.crash([0, 1], .amongOthers), .crash([0], .createPod)] + Self.others + [
                .crash([1], .createPod), .crash([0], .createPod),
            ], loop: 2),
        Course(
            testDescription: "it survives itself, once",
            events: [.crash([0], .amongOthers), .crash([0], .createPod)] + Self.others + [
                .survives(0, .createPod), .crash([0], .createPod),
            ]),
        Course(
            testDescription: "two of a kind, among others",
            events: [.crash([0, 1], .amongOthers), .crash([0], .createPod), .crash([1], .createPod)] + Self.others + [
                .crash([0], .createPod)
            ] + Self.others
                + [.crash([1], .createPod)], quarantined: [0, 1]),
        Course(
            testDescription: "two steps fail: the loop is over when both end well",
            events: [
                .crash([0], .createPod), .crash([1], .fetchBuildStatus), .crash([2], .fetchBuildStatus),
                .survives(3, .createPod),
            ], loop: 2),
    ])
    func whoIsToBlame(_ course: Course) {
        var records: [MessageKey: Suspects.Record] = [:]
        for event in course.events {
            switch event {
            case .crash(let messages, let step):
                Suspects.charge(self.entries(messages.map { self.keys[$0] }, step), to: &records)
            case .survives(let message, let step):
                _ = Suspects.noteSurvival(of: step, by: self.keys[message], in: &records)
            }
        }
        let quarantined = self.keys.indices.filter { number in
            if case .quarantined = Suspects.verdict(records[self.keys[number]], redeliveries: 0, isLoop: false) {
                true
            } else {
                false
            }
        }
        #expect(Set(quarantined) == course.quarantined)
        #expect(CrashLoop(records.values)?.crashes == course.loop)
    }

    @Test func ofManyEachMayHaveDoneIt() {
        var records: [MessageKey: Suspects.Record] = [:]
        Suspects.charge(self.entries(self.keys, .amongOthers), to: &records)
        #expect(records.count == 20 && records.values.allSatisfy { $0 == .init(crashes: 1) })
    }

    @Test func oneCrashCountsOnceForManyOfTheSame() {
        var records: [MessageKey: Suspects.Record] = [:]
        Suspects.charge(self.entries([self.keys[0], self.keys[0], self.keys[0]], .amongOthers), to: &records)
        #expect(records[self.keys[0]]?.crashes == 1)
    }

    @Test func whereOneWasAloneTheOthersWereNot() {
        var records: [MessageKey: Suspects.Record] = [:]
        Suspects.charge(
            self.entries(Array(self.keys[1...]), .amongOthers) + self.entries([self.keys[0]], .reading), to: &records)
        #expect(records == [self.keys[0]: .init(crashes: 1, deaths: [.reading: .init(count: 1)])])
    }

    @Test func whoWaitedIsInnocent() {
        var records: [MessageKey: Suspects.Record] = [:]
        Suspects.charge(self.entries(self.keys, .waiting), to: &records)
        #expect(records.isEmpty)
    }

    @Test func aParkedOneThatKillsWhenReadCannotBeTold() {
        var records = [self.keys[0]: Suspects.Record(crashes: 3, custody: .parked)]
        Suspects.charge(self.entries([self.keys[0]], .reportFailure), to: &records)
        #expect(records[self.keys[0]]?.custody == .parked, "the build API may be what kills")
        Suspects.charge(self.entries([self.keys[0]], .reading), to: &records)
        #expect(records[self.keys[0]]?.custody == .unreportable)
    }

    // MARK: Pauses

    @Test func pausesGrow() {
        let seconds = (0...12).map { Int(CrashDelay.pause($0) / .seconds(1)) }
        #expect(seconds == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
        #expect(CrashDelay.pause(1_000_000) == .seconds(300))
    }

    @Test func whoWaitsHowLong() {
        let (once, often) = (
            Suspects.Record(crashes: 2, deaths: [.createPod: .init(count: 1, open: 1)]),
            Suspects.Record(crashes: 6, deaths: [.createPod: .init(count: 5, open: 5)])
        )
        let was = Suspects.Record(crashes: 1)
        #expect(
            CrashDelay(was, redeliveries: 9, loop: nil) == .init(nil, redeliveries: 0, loop: nil),
            "the ledger knows better than the broker")
        #expect(!CrashDelay(was, redeliveries: 0, loop: CrashLoop([once, often])).isLast)
        let late = CrashDelay(once, redeliveries: 0, loop: nil)
        #expect(late.isLast && late.sinceStart == .zero)
        #expect(
            late.sinceArrival < CrashDelay(often, redeliveries: 0, loop: nil).sinceArrival,
            "who died less often goes first")
        #expect(
            CrashDelay(nil, redeliveries: 0, loop: CrashLoop([often])).sinceStart == .zero,
            "nobody waits for a message that dies alone")
        #expect(
            CrashDelay(often, redeliveries: 0, loop: CrashLoop([often])).sinceStart == .seconds(8), "… but that message"
        )
        #expect(
            CrashDelay(nil, redeliveries: 0, loop: CrashLoop([once, once, once])).sinceStart == .seconds(2),
            "everybody waits for what kills everybody")
        #expect(
            CrashDelay(nil, redeliveries: 4, loop: nil).isByChance
                && CrashDelay(nil, redeliveries: 4, loop: nil).sinceStart == .seconds(4), "no ledger")
    }

    // MARK: Files

    @Test func theySurviveTheProcess() throws {
        let spool = try SpoolDirectory(self.directory)
        defer { try? FileManager.default.removeItem(atPath: self.directory) }
        let path = "\(spool.path)/suspects"
        let first = try Suspects(path, survivors: self.entries([self.keys[0], self.keys[1]], .amongOthers))
        try first.save()
        try first.clear(self.keys[1])
        try first.markParked(self.keys[2], crashes: 3)
        let second = try Suspects(path, survivors: self.entries([self.keys[0]], .createPod))
        try second.save()
        #expect(second.verdict(self.keys[0], redeliveries: 0) == .suspected)
        #expect(second.verdict(self.keys[1], redeliveries: 0) == .none)
        #expect(second.verdict(self.keys[2], redeliveries: 0) == .quarantined(crashes: 3, .parked))
        #expect(second.watches(.createPod) && !second.watches(.armTimer))
        for other in self.keys[5...7] { try second.survived(.createPod, by: other) }
        let third = try Suspects(path, survivors: self.entries([self.keys[0]], .createPod))
        #expect(third.verdict(self.keys[0], redeliveries: 0) == .quarantined(crashes: 3, .none))
        for key in self.keys { try third.clear(key) }
        #expect(!FileManager.default.fileExists(atPath: path), "no suspects, no file")
    }

    @Test func aFileOfAnEarlierVersionIsRead() throws {
        _ = try SpoolDirectory(self.directory)
        defer { try? FileManager.default.removeItem(atPath: self.directory) }
        let path = "\(self.directory)/suspects"
        try SpoolFile.replace(path, with: Array("\(self.keys[0]) 5 at-large\n\(self.keys[1]) 3 parked\n".utf8))
        let suspects = try Suspects(path, survivors: [])
        #expect(
            suspects.verdict(self.keys[0], redeliveries: 0) == .suspected,
            "it was present, which is no evidence any more")
        #expect(suspects.verdict(self.keys[1], redeliveries: 0) == .quarantined(crashes: 3, .parked))
    }

    @Test func everyStepHasItsLetter() {
        let letters = HandlingStep.allCases.map(\.letter)
        #expect(
            Set(letters).count == letters.count
                && letters.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
        for step in HandlingStep.allCases { #expect(HandlingStep(letter: step.letter) == step) }
        #expect(HandlingStep(letter: 0x20) == nil)
    }
}
