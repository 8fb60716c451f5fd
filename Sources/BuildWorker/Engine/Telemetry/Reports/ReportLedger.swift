internal import Synchronization

/// This process's reports by fingerprint, for the status page.
final class ReportLedger: Sendable {
    /// Bounds memory in case a varying part escapes the fingerprint; the oldest are dropped.
    private static let limit = 1000

    private let summaries = Mutex<[String: ReportSummary]>([:])

    func add(_ report: FailureReport) {
        self.summaries.withLock { summaries in
            guard summaries[report.fingerprint]?.add(report) == nil else { return }
            if summaries.count >= Self.limit, let oldest = summaries.values.min(by: { $0.lastSeen < $1.lastSeen }) {
                summaries[oldest.fingerprint] = nil
            }
            summaries[report.fingerprint] = ReportSummary(report)
        }
    }

    /// Newest first.
    var all: [ReportSummary] {
        self.summaries.withLock { Array($0.values) }.sorted {
            ($0.lastSeen, $0.fingerprint) > ($1.lastSeen, $1.fingerprint)
        }
    }
}
