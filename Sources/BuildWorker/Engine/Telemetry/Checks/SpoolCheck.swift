package import Spool
package import Support

/// Judges the job queues in the spool.
package struct SpoolCheck: Sendable {
    /// Jobs in `new` and in `cur`, per kind.
    package var depth = Thresholds(warning: AlertRange(above: 50), critical: AlertRange(above: 100))
    /// Age of the job that is overdue longest, in seconds. A job that waits for its next attempt is not due.
    package var age = Thresholds(warning: AlertRange(above: 900))
    /// Dead jobs per kind; each needs an operator.
    private let dead = Thresholds(critical: AlertRange(above: 0))

    package init() {}

    package func judge(_ census: SpoolCensus, now: Timestamp) -> CheckResult {
        let kinds = census.kinds
        func sum(_ count: KeyPath<SpoolCensus.Kind, Int>) -> Int { kinds.reduce(0) { $0 + $1[keyPath: count] } }
        let counts = "\(sum(\.new)) waiting, \(sum(\.current)) in flight, \(sum(\.dead)) dead"
        var result = CheckResult(summary: kinds.isEmpty ? "nothing was ever spooled" : counts)
        for kind in kinds {
            let name = kind.name
            result.measure(
                CheckFigure("\(name)_dead", kind.dead, self.dead),
                "\(kind.dead) dead in \(name): 'worker spool list' says why")
            result.measure(CheckFigure("\(name)_new", kind.new, self.depth), "\(kind.new) waiting in \(name)")
            result.measure(CheckFigure("\(name)_cur", kind.current, self.depth), "\(kind.current) in flight in \(name)")
            // A resolution of 0.1 s.
            let age = kind.oldestDue.map { Double(max(0, now.millisecondsSince1970 - $0) / 100) / 10 } ?? 0
            let words = "the oldest in \(name) has been due for \(age.plainText) s"
            result.measure(CheckFigure("\(name)_oldest", age, .seconds, self.age), words)
        }
        return result
    }
}

/// Judges the rate of failed attempts, and whether one cause dominates.
package struct ReportsCheck: Sendable {
    /// Reports with the most frequent fingerprint.
    package var count = Thresholds(warning: AlertRange(above: 10), critical: AlertRange(above: 50))

    package init() {}

    package func judge(_ summaries: [ReportSummary], since: String) -> CheckResult {
        let total = summaries.reduce(0) { $0 + $1.count }
        // On a tie the latest: summaries come latest first, and `max` would take the last.
        let top = summaries.reversed().max { $0.count < $1.count }
        let most = top.map { "\(total) reports since \(since), \($0.count) of them \($0.fingerprint): \($0.title)" }
        var result = CheckResult(summary: most ?? "no reports since \(since)")
        result.measure(CheckFigure("reports", total))
        result.measure(CheckFigure("fingerprints", summaries.count))
        let words = top.map { "\($0.count) reports of \($0.fingerprint) since \(since): \($0.title)" }
        result.measure(CheckFigure("top", top?.count ?? 0, self.count), words ?? "")
        return result
    }
}
