package import Spool
internal import Support

/// Failure reports on disk: one directory per day, one file per report, and an index per day.
///
///     reports/2026-11-21/index               one line per report, without its timeline
///     reports/2026-11-21/c54dba2e3c9a.json   the whole report
package struct ReportStore: Sendable {
    /// Reports per day, so that a burst cannot fill the disk; further ones are only logged and counted.
    static let largestDay = 10_000

    private let path: String

    /// - Parameter spool: the worker's `SPOOL_DIRECTORY`.
    package init(spool: String) { self.path = "\(spool)/reports" }

    /// - Returns: `false` if the day is full and the report was dropped.
    @discardableResult
    func file(_ report: FailureReport) throws(SpoolError) -> Bool {
        let day = "\(self.path)/\(report.at.prefix(10))"
        try SpoolDirectory.make(self.path)
        try SpoolDirectory.make(day)
        let file = "\(day)/\(report.id).json"
        var line = report
        line.timeline = []
        if try SpoolFile.read(file) == nil {
            guard try SpoolFile.names(in: day).count <= Self.largestDay else { return false }
            try SpoolFile.replace(file, with: report.document.serialized() + [0x0A])
        } else if try Self.lines(of: "\(day)/index").contains(where: { $0.id == report.id }) {
            // Already filed by an attempt that was interrupted.
            return true
        }
        // Second: the index must not name a missing file.
        try SpoolFile.append(line: line.document.serialized(), to: "\(day)/index")
        return true
    }

    /// Oldest first, without timelines. Truncated lines are skipped. `since`: RFC 3339; `nil`: all.
    package func list(since: String? = nil) throws(SpoolError) -> [FailureReport] {
        var reports: [FailureReport] = []
        for day in try self.days() {
            if let since, day < since.prefix(10) { continue }
            reports += try Self.lines(of: "\(self.path)/\(day)/index").filter { report in
                since.map { report.at >= $0 } ?? true
            }
        }
        return reports
    }

    /// - Returns: `nil` if there is none, or it was removed.
    package func report(_ id: String) throws(SpoolError) -> FailureReport? {
        // The id comes from a command line and becomes part of a path.
        guard !id.isEmpty, id.allSatisfy(\.isHexDigit) else { return nil }
        for day in try self.days().reversed() {
            if let bytes = try SpoolFile.read("\(self.path)/\(day)/\(id).json") {
                return Self.parse(String(decoding: bytes, as: UTF8.self))
            }
        }
        return nil
    }

    /// Removes the days before `day` (`2026-11-14`). Returns the number of reports removed.
    func prune(before day: String) throws(SpoolError) -> Int {
        var count = 0
        var failure: SpoolError?
        for old in try self.days() where old < day {
            // A failure for one day does not stop the others.
            do throws(SpoolError) { count += try self.remove(old) } catch { failure = error }
        }
        if let failure { throw failure }
        return count
    }

    private func remove(_ day: String) throws(SpoolError) -> Int {
        let names =
            try SpoolFile.names(in: "\(self.path)/\(day)") + SpoolFile.names(in: "\(self.path)/\(day)", drafts: true)
        for name in names { try SpoolFile.remove("\(self.path)/\(day)/\(name)") }
        try SpoolDirectory.remove("\(self.path)/\(day)")
        return names.count { $0.hasSuffix(".json") }
    }

    private func days() throws(SpoolError) -> [String] {
        guard SpoolDirectory.exists(self.path) else { return [] }
        return try SpoolFile.names(in: self.path).filter { $0.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil }
    }

    private static func lines(of index: String) throws(SpoolError) -> [FailureReport] {
        String(decoding: try SpoolFile.read(index) ?? [], as: UTF8.self).split(separator: "\n").compactMap {
            Self.parse(String($0))
        }
    }

    private static func parse(_ text: String) -> FailureReport? {
        do throws(JSONError) { return FailureReport(try JSONValue(parsing: text)) } catch { return nil }
    }
}
