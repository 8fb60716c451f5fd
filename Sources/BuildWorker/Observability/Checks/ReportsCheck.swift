/// Judges how often attempts failed of late, and whether one cause is behind it.
public struct ReportsCheck: Sendable {
    /// Of the reports that share the most frequent fingerprint.
    public var count = Thresholds(warning: AlertRange(above: 10), critical: AlertRange(above: 50))

    public init() {}

    /// - Parameter since: when the time begins that `summaries` are of, for people.
    public func judge(_ summaries: [ReportSummary], since: String) -> CheckResult {
        let total = summaries.reduce(0) { $0 + $1.count }
        // Of two as frequent ones the later: they come the latest first, and `max` would take the last.
        let top = summaries.reversed().max { $0.count < $1.count }
        var result = CheckResult(summary: top.map { "\(total) reports since \(since), \($0.count) of them \($0.fingerprint): \($0.title)" } ?? "no reports since \(since)")
        result.measure(CheckFigure("reports", Double(total)), "")
        result.measure(CheckFigure("fingerprints", Double(summaries.count)), "")
        result.measure(CheckFigure("top", Double(top?.count ?? 0), .count, self.count), top.map { "\($0.count) reports of \($0.fingerprint) since \(since): \($0.title)" } ?? "")
        return result
    }
}
