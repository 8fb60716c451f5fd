/// What happened in a run, in numbers.
package struct Summary: CustomStringConvertible {
    package let rows: [(name: String, value: String)]

    package init(_ evidence: Evidence, _ violations: [Violation]) {
        let checker = Checker(evidence)
        let broken = Dictionary(grouping: violations, by: \.kind).mapValues(\.count)
        let faults = Dictionary(grouping: evidence.faults.filter { $0.phase == .began }, by: \.kind).mapValues(\.count)
        let builds = checker.builds
        var rows: [(String, String)] = [
            ("builds", "\(builds.count)"),
            ("  begun", "\(builds.count { $0.end == nil && !$0.alivePods.isEmpty })"),
            ("  ended by themselves", "\(builds.count { $0.endedByItself != nil })"),
            ("  failed", "\(builds.count(where: \.isFailed))"),
            ("  aborted", "\(builds.count(where: \.isAborted))"),
            ("  failed by chance, fairly", "\(checker.givenUpFairly)"),
            (
                "workers",
                "\(evidence.settings.workers), started \(evidence.workers.count { $0.event == .started }) times"
            ),
            ("queues", evidence.settings.layout.rawValue),
            ("faults", "\(faults.values.reduce(0, +))"),
        ]
        rows += FaultKind.allCases.compactMap { kind in faults[kind].map { ("  \(kind.rawValue)", "\($0)") } }
        rows += [
            (
                "messages published",
                "\(evidence.published.count(where: \.isConfirmed)), \(evidence.published.count { !$0.isConfirmed }) without a confirm"
            ),
            ("redeliveries", "\(evidence.end.redelivered)"),
            (
                "requests to the APIs",
                "\(evidence.journal.count), \(evidence.journal.count { $0.fault != nil }) with a fault"
            ),
            ("pods created", "\(evidence.journal.count(where: \.isCreation))"),
            ("duplicates avoided (409)", "\(evidence.journal.count { $0.method == "POST" && $0.status == 409 })"),
            ("parked", "\(evidence.parked.count), of these again: \(checker.parkedAgain)"),
            ("lost", "\(broken[.lost] ?? 0)"),
            ("doubled", "\(broken[.doubled] ?? 0)"),
        ]
        rows += Violation.Kind.allCases.filter { $0 != .lost && $0 != .doubled }.compactMap { kind in
            broken[kind].map { (kind.rawValue, "\($0)") }
        }
        rows.append(("run time", "\(Int((evidence.end.ended - evidence.end.began).rounded())) s"))
        self.rows = rows
    }

    package var description: String {
        let width = self.rows.map(\.name.count).max() ?? 0
        return self.rows.map { $0.name.padding(to: width + 2) + $0.value }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - self.count))
    }
}
