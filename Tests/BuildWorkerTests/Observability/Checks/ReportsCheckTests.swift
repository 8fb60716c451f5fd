import Testing

@testable import BuildWorker
@testable import Workflow

@Suite struct ReportsCheckTests {
    private func judge(_ causes: [String: Int]) -> CheckResult {
        let reports = causes.flatMap { cause, count in
            (0..<count).map { _ in FailureReport(.retried, Problem(.other, cause), causes: [cause], host: "h") }
        }
        return ReportsCheck().judge(ReportSummary.summing(reports), since: "noon")
    }

    @Test func withoutReportsAllIsWell() {
        #expect(self.judge([:]).line == "OK - no reports since noon | reports=0;;;0 fingerprints=0;;;0 top=0;10;50;0")
    }

    @Test(arguments: [(10, CheckStatus.ok), (11, .warning), (50, .warning), (51, .critical)])
    func theMostFrequentCauseCounts(count: Int, status: CheckStatus) {
        let result = self.judge(["the quota is used up": count, "no route": 9])
        #expect(result.status == status)
        #expect(result.line.contains("the quota is used up"))
        #expect(!result.line.contains("no route"))
        #expect(result.line.hasSuffix("reports=\(count + 9);;;0 fingerprints=2;;;0 top=\(count);10;50;0"))
    }

    /// Many causes that fail once each are no storm of one.
    @Test func manyCausesAreNotOne() {
        let causes = Dictionary(
            uniqueKeysWithValues: (0..<60).map {
                ("cause \(String(UnicodeScalar(UInt8(65 + $0 % 26))))\(String(repeating: "x", count: $0))", 1)
            })
        #expect(self.judge(causes).status == .ok)
    }
}
