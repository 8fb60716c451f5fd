package import Support

/// Reports with the same fingerprint, counted.
package struct ReportSummary: Sendable {
    package let fingerprint: String
    package let title: String
    package let kind: FailureReport.Kind
    package private(set) var count = 1
    /// RFC 3339.
    package private(set) var firstSeen: String
    package private(set) var lastSeen: String
    /// The worker's version at the last occurrence.
    package private(set) var version: String
    package private(set) var lastBuildID: Int?
    package private(set) var lastReportID: String

    package init(_ report: FailureReport) {
        (self.fingerprint, self.title, self.kind, self.version) = (
            report.fingerprint, report.title, report.kind, report.version
        )
        (self.firstSeen, self.lastSeen, self.lastReportID, self.lastBuildID) = (
            report.at, report.at, report.id, report.buildID
        )
    }

    package mutating func add(_ report: FailureReport) {
        self.count += 1
        // RFC 3339 times in one format compare as strings.
        self.firstSeen = min(self.firstSeen, report.at)
        guard report.at >= self.lastSeen else { return }
        (self.lastSeen, self.version, self.lastReportID) = (report.at, report.version, report.id)
        self.lastBuildID = report.buildID ?? self.lastBuildID
    }

    package static func summing(_ reports: some Sequence<FailureReport>) -> [ReportSummary] {
        var byFingerprint: [String: ReportSummary] = [:]
        for report in reports {
            if byFingerprint[report.fingerprint]?.add(report) == nil {
                byFingerprint[report.fingerprint] = ReportSummary(report)
            }
        }
        return byFingerprint.values.sorted { ($0.lastSeen, $0.fingerprint) > ($1.lastSeen, $1.fingerprint) }
    }

    package var document: JSONValue {
        [
            "fingerprint": .string(self.fingerprint), "title": .string(self.title), "kind": .string(self.kind.rawValue),
            "count": .integer(self.count),
            "firstSeen": .string(self.firstSeen), "lastSeen": .string(self.lastSeen), "version": .string(self.version),
            "lastBuildId": self.lastBuildID.map { .integer($0) } ?? .null, "lastReportId": .string(self.lastReportID),
        ]
    }
}
