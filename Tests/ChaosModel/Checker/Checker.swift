/// Judges a run by its evidence. Knows the promises, and nothing of how the worker keeps them.
package struct Checker {
    let evidence: Evidence
    let builds: [BuildRecord]
    let attempts: Attempts

    package init(_ evidence: Evidence) {
        self.evidence = evidence
        self.attempts = Attempts(evidence)
        var builds: [Int: BuildRecord] = [:]
        for record in evidence.published {
            guard let build = record.build, let fate = record.image.flatMap(BuildFate.init(image:)) else { continue }
            builds[build] = builds[build] ?? BuildRecord(build, fate)
        }
        for record in evidence.published { if let build = record.build { builds[build]?.published.append(record) } }
        // A pod that is gone has no labels any more, but its name was its own.
        let podBuilds = Dictionary(evidence.state.pods.map { ($0.name, $0.build) }) { first, _ in first }
        for record in evidence.journal {
            if let build = (record.build ?? record.pod.flatMap { podBuilds[$0] ?? nil }).flatMap(Int.init) {
                builds[build]?.requests.append(record)
            }
        }
        for report in evidence.reports { if let build = report.build { builds[build]?.reports.append(report) } }
        for pod in evidence.state.pods {
            if let build = pod.build.flatMap(Int.init) { builds[build]?.pods.append(pod) }
        }
        for (build, state) in evidence.state.builds { if let build = Int(build) { builds[build]?.state = state } }
        self.builds = builds.values.sorted { $0.build < $1.build }
    }

    /// Every promise that was broken; none if all were kept.
    package func violations() -> [Violation] {
        self.evidenceViolations() + self.builds.flatMap(self.violations(of:)) + self.queueViolations()
            + self.parkedViolations()
            + self.workerViolations()
    }
}
