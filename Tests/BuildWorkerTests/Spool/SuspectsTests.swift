import Foundation
import Testing

@testable import BuildWorker

@Suite struct SuspectsTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("suspects-\(UUID().uuidString)").path
    private let keys = (1...20).map { MessageKey(queue: "builds", body: [UInt8($0)]) }

    private func entries(_ keys: [MessageKey], _ step: InFlightLedger.Step) -> [InFlightLedger.Entry] { keys.map { .init(key: $0, step: step) } }

    struct Row: CustomTestStringConvertible {
        let testDescription: String
        var record: Suspects.Record?
        var redeliveries = 0
        var isFirst = false
        var hasHistory = true
        let verdict: Suspects.Verdict
    }

    @Test(arguments: [
        Row(testDescription: "unknown", verdict: .none),
        Row(testDescription: "redelivered once", redeliveries: 1, verdict: .none),
        Row(testDescription: "redelivered twice", redeliveries: 2, verdict: .suspect),
        Row(testDescription: "redelivered often, but the ledger knows nothing of it", redeliveries: 50, isFirst: true, verdict: .suspect),
        Row(testDescription: "no ledger, first in line", redeliveries: 3, isFirst: true, hasHistory: false, verdict: .convicted(crashes: 3, .none)),
        Row(testDescription: "no ledger, behind another", redeliveries: 3, hasHistory: false, verdict: .suspect),
        Row(testDescription: "was there once", record: .init(crashes: 1), verdict: .suspect),
        Row(testDescription: "was there twice", record: .init(crashes: 2), verdict: .suspect),
        Row(testDescription: "was there three times", record: .init(crashes: 3), verdict: .convicted(crashes: 3, .none)),
        Row(
            testDescription: "was there once, and the broker knows of three, which restarts of brokers may explain", record: .init(crashes: 1),
            redeliveries: 3, isFirst: true, verdict: .suspect),
        Row(testDescription: "parked, not told yet", record: .init(crashes: 3, custody: .parked), verdict: .convicted(crashes: 3, .parked)),
        Row(testDescription: "killed while told", record: .init(crashes: 4, custody: .unreportable), verdict: .convicted(crashes: 4, .unreportable)),
    ])
    func verdicts(_ row: Row) {
        #expect(Suspects.verdict(row.record, redeliveries: row.redeliveries, isFirst: row.isFirst, hasHistory: row.hasHistory) == row.verdict)
    }

    @Test func ofManyEachMayHaveDoneIt() {
        var records: [MessageKey: Suspects.Record] = [:]
        Suspects.charge(self.entries(self.keys, .handled), to: &records)
        #expect(records.count == 20 && records.values.allSatisfy { $0 == .init(crashes: 1) })
    }

    @Test func oneCrashCountsOnceForManyOfTheSame() {
        var records: [MessageKey: Suspects.Record] = [:]
        Suspects.charge(self.entries([self.keys[0], self.keys[0], self.keys[0]], .handled), to: &records)
        #expect(records[self.keys[0]]?.crashes == 1)
    }

    @Test func whoWasAloneDidIt() {
        var records: [MessageKey: Suspects.Record] = [:]
        Suspects.charge(self.entries(Array(self.keys[1...]), .handled) + self.entries([self.keys[0]], .alone), to: &records)
        #expect(records == [self.keys[0]: .init(crashes: 1)])
    }

    @Test func whoWaitedIsInnocent() {
        var records: [MessageKey: Suspects.Record] = [:]
        Suspects.charge(self.entries(self.keys, .waiting), to: &records)
        #expect(records.isEmpty)
    }

    @Test func aParkedOneThatKillsAgainCannotBeTold() {
        var records = [self.keys[0]: Suspects.Record(crashes: 3, custody: .parked)]
        Suspects.charge(self.entries([self.keys[0]], .alone), to: &records)
        #expect(records[self.keys[0]] == .init(crashes: 4, custody: .unreportable))
    }

    @Test func theySurviveTheProcess() throws {
        let spool = try SpoolDirectory(self.directory)
        defer { try? FileManager.default.removeItem(atPath: self.directory) }
        let path = "\(spool.path)/suspects"
        let first = try Suspects(path, survivors: self.entries([self.keys[0], self.keys[1]], .handled))
        try first.save()
        try first.clear(self.keys[1])
        try first.markParked(self.keys[2], crashes: 3)
        let second = try Suspects(path, survivors: self.entries([self.keys[0]], .alone))
        try second.save()
        #expect(second.verdict(self.keys[0], redeliveries: 0, isFirst: false) == .suspect)
        #expect(second.verdict(self.keys[1], redeliveries: 0, isFirst: false) == .none)
        #expect(second.verdict(self.keys[2], redeliveries: 0, isFirst: false) == .convicted(crashes: 3, .parked))
        let third = try Suspects(path, survivors: self.entries([self.keys[0]], .alone))
        #expect(third.verdict(self.keys[0], redeliveries: 0, isFirst: false) == .convicted(crashes: 3, .none))
        for key in self.keys { try third.clear(key) }
        #expect(!FileManager.default.fileExists(atPath: path), "no suspects, no file")
    }
}
