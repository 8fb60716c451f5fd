import Foundation
import Testing

@testable import BuildWorker
@testable import Support
@testable import Workflow

@Suite struct ReportStoreTests {
    private let spool = FileManager.default.temporaryDirectory.appendingPathComponent(
        "build-worker-reports-\(UUID().uuidString)"
    ).path

    private func report(_ build: Int = 4711, _ cause: String = "create pod: 500", on day: Int = 0) -> FailureReport {
        // 2026-11-14 and later.
        var report = FailureReport(
            .retried, Problem(.cluster, cause), causes: [cause], host: "host",
            time: Timestamp(secondsSince1970: 1_794_657_600 + day * 86_400, milliseconds: 1))
        report.buildID = build
        report.jobID = "7"
        report.jobType = "start"
        report.queue = "builds"
        report.attempt = 2
        report.timeline = [.init(atMilliseconds: 3, step: "create the pod", outcome: cause, tookMilliseconds: 12)]
        return report
    }

    @Test func whatIsFiledIsFound() throws {
        defer { do { try FileManager.default.removeItem(atPath: self.spool) } catch { Issue.record(error) } }
        let store = ReportStore(spool: self.spool)
        #expect(try store.list().isEmpty)
        let (first, second) = (self.report(1), self.report(2, on: 1))
        #expect(try store.file(first))
        #expect(try store.file(second))
        #expect(try store.file(second), "filed twice is filed once")
        let listed = try store.list()
        #expect(listed.map(\.id) == [first.id, second.id])
        #expect(listed.map(\.buildID) == [1, 2])
        #expect(listed.allSatisfy { $0.timeline.isEmpty })
        #expect(try store.list(since: "2026-11-15").map(\.id) == [second.id])
        let shown = try #require(try store.report(first.id))
        #expect(shown.document == first.document)
        #expect(shown.timeline == first.timeline)
        #expect(try store.report("000000000000") == nil)
        #expect(try store.report("../../etc/passwd") == nil)
        let attributes = try FileManager.default.attributesOfItem(
            atPath: "\(self.spool)/reports/2026-11-14/\(first.id).json")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func anUnfinishedLineIsPassedOver() throws {
        defer { do { try FileManager.default.removeItem(atPath: self.spool) } catch { Issue.record(error) } }
        let store = ReportStore(spool: self.spool)
        let first = self.report()
        try store.file(first)
        let index = "\(self.spool)/reports/2026-11-14/index"
        // A crash in the middle of a line: it has no end.
        let handle = try #require(FileHandle(forWritingAtPath: index))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("\n{\"id\":\"abc".utf8))
        try handle.close()
        #expect(try store.list().map(\.id) == [first.id])
        let second = self.report(2)
        try store.file(second)
        #expect(try store.list().map(\.id) == [first.id, second.id], "the next is not lost with it")
    }

    @Test func aCrashBetweenFileAndIndexIsMended() throws {
        defer { do { try FileManager.default.removeItem(atPath: self.spool) } catch { Issue.record(error) } }
        let store = ReportStore(spool: self.spool)
        let report = self.report()
        try store.file(report)
        try FileManager.default.removeItem(atPath: "\(self.spool)/reports/2026-11-14/index")
        try store.file(report)
        #expect(try store.list().map(\.id) == [report.id])
    }

    @Test func oldDaysGo() throws {
        defer { do { try FileManager.default.removeItem(atPath: self.spool) } catch { Issue.record(error) } }
        let store = ReportStore(spool: self.spool)
        for day in 0..<4 { try store.file(self.report(day, on: day)) }
        #expect(try store.prune(before: "2026-11-16") == 2)
        #expect(try store.list().map(\.buildID) == [2, 3])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(self.spool)/reports").sorted() == [
                "2026-11-16", "2026-11-17",
            ])
        #expect(try store.prune(before: "2026-11-16") == 0)
    }

    @Test func theyAreCountedByFingerprint() throws {
        let reports = [
            self.report(1), self.report(2, on: 1), self.report(3, "create pod: 503", on: 2), self.report(4, on: 3),
        ]
        let summaries = ReportSummary.summing(reports)
        #expect(summaries.map(\.count) == [3, 1])
        #expect(summaries[0].firstSeen == reports[0].at)
        #expect(summaries[0].lastSeen == reports[3].at)
        #expect(summaries[0].lastBuildID == 4)
        #expect(summaries[0].lastReportID == reports[3].id)
        #expect(summaries[0].title == "cluster: create pod: 500 (retried)")
        let ledger = ReportLedger()
        reports.forEach { ledger.add($0) }
        #expect(ledger.all.map(\.document) == summaries.map(\.document))
        for number in 0..<1100 {
            let cause = "cause \(String(UnicodeScalar(0x4E00 + UInt32(number))!))"
            ledger.add(FailureReport(.retried, Problem(.other, cause), causes: [cause], host: "h"))
        }
        #expect(ledger.all.count == 1000)
    }

    @Test func noSecretGetsIn() {
        let token = "s3cret-build-token"
        let web = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9abcDEF123.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6Ikpva"
        let causes = [
            "the server said \(token) and \(web)", "password=hunter2, Authorization: Basic aHVudGVyMg==",
            "{\"token\":\"hunter2\"}",
        ]
        let report = FailureReport(
            .retried, Problem(.other, causes.joined(separator: "; ")), causes: causes, host: "h",
            hiding: [Secret(token)])
        let text = report.document.text()
        #expect(!text.contains(token))
        #expect(!text.contains("eyJhbGci"))
        #expect(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "\(text)")
        #expect(text.contains("<redacted>"))
    }
}
