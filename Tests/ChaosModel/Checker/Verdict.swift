/// The whole report of a run, for people.
package struct Verdict: CustomStringConvertible {
    /// Builds whose whole history is shown; of the others one line says what is wrong.
    private static let histories = 5

    package let violations: [Violation]
    private let evidence: Evidence

    package init(_ evidence: Evidence) {
        self.evidence = evidence
        self.violations = Checker(evidence).violations()
    }

    package var isGood: Bool { self.violations.isEmpty }

    package var description: String {
        var parts: [String] = []
        if !self.isGood {
            parts.append(
                "VIOLATIONS: \(self.violations.count)\n" + self.violations.map { "  \($0)" }.joined(separator: "\n"))
            for build in Self.firstOf(self.violations.compactMap(\.build)) {
                parts.append("build \(build):\n\(BuildHistory(of: build, in: self.evidence))")
            }
        }
        parts.append(Summary(self.evidence, self.violations).description)
        return parts.joined(separator: "\n\n")
    }

    private static func firstOf(_ builds: [Int]) -> [Int] {
        var seen = Set<Int>()
        return Array(builds.filter { seen.insert($0).inserted }.prefix(Self.histories))
    }
}
