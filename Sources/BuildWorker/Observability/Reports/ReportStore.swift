/// Failure reports on disk: a directory a day, a file a report, and an index of the day.
///
///     reports/2026-11-21/index               one line a report, without its timeline
///     reports/2026-11-21/c54dba2e3c9a.json   the whole report
public struct ReportStore: Sendable {
    /// A storm must not fill the disk: what comes after is in the log and in the counts.
    static let largestDay = 10_000

    private let path: String

    /// - Parameter spool: of the worker, `SPOOL_DIRECTORY`.
    public init(spool: String) { self.path = "\(spool)/reports" }

    /// - Returns: `false` when the day is full and the report was left out.
    @discardableResult
    func file(_ report: FailureReport) throws(SpoolError) -> Bool {
        let day = "\(self.path)/\(report.at.prefix(10))"
        try SpoolDirectory.make(day)
        let file = "\(day)/\(report.id).json"
        // Filed already, by an attempt that did not get to say so.
        guard try SpoolFile.read(file) == nil else { return true }
        guard try SpoolFile.names(in: day).count <= Self.largestDay else { return false }
        try SpoolFile.replace(file, with: report.document.serialized() + [0x0A])
        var line = report
        line.timeline = []
        // Second: a line whose file is missing would promise what is not there; a file without a line is found by its name.
        try SpoolFile.append(line.document.serialized() + [0x0A], to: "\(day)/index")
        return true
    }

    /// The oldest first, without timelines. A line that a crash left unfinished is passed over.
    ///
    /// - Parameter since: RFC 3339; `nil`: all that are kept.
    public func list(since: String? = nil) throws(SpoolError) -> [FailureReport] {
        var reports: [FailureReport] = []
        for day in try self.days() {
            if let since, day < since.prefix(10) { continue }
            let text = String(decoding: try SpoolFile.read("\(self.path)/\(day)/index") ?? [], as: UTF8.self)
            for line in text.split(separator: "\n") {
                guard let report = Self.parse(String(line)) else { continue }
                if let since, report.at < since { continue }
                reports.append(report)
            }
        }
        return reports
    }

    /// - Returns: `nil` where there is none of that id, any more.
    public func report(_ id: String) throws(SpoolError) -> FailureReport? {
        // An id comes from a command line and becomes part of a path.
        guard !id.isEmpty, id.allSatisfy(\.isHexDigit) else { return nil }
        for day in try self.days().reversed() {
            if let bytes = try SpoolFile.read("\(self.path)/\(day)/\(id).json") { return Self.parse(String(decoding: bytes, as: UTF8.self)) }
        }
        return nil
    }

    /// Removes the days before `day` (`2026-11-14`).
    ///
    /// - Returns: how many reports that were.
    func prune(before day: String) throws(SpoolError) -> Int {
        var count = 0
        for old in try self.days() where old < day {
            let names = try SpoolFile.names(in: "\(self.path)/\(old)") + SpoolFile.names(in: "\(self.path)/\(old)", drafts: true)
            for name in names { try SpoolFile.remove("\(self.path)/\(old)/\(name)") }
            try SpoolDirectory.remove("\(self.path)/\(old)")
            count += names.count { $0.hasSuffix(".json") }
        }
        return count
    }

    private func days() throws(SpoolError) -> [String] {
        guard SpoolDirectory.exists(self.path) else { return [] }
        return try SpoolFile.names(in: self.path).filter { $0.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil }
    }

    private static func parse(_ text: String) -> FailureReport? {
        do throws(JSONError) { return FailureReport(try JSONValue(parsing: text)) } catch { return nil }
    }
}
