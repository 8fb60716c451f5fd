package import Spool
internal import Support

/// Failure reports on disk: a directory a day, a file a report, and an index of the day.
///
///     reports/2026-11-21/index               one line a report, without its timeline
///     reports/2026-11-21/c54dba2e3c9a.json   the whole report
package struct ReportStore: Sendable {
    /// A storm must not fill the disk: what comes after is in the log and in the counts.
    static let largestDay = 10_000

    private let path: String

    /// - Parameter spool: of the worker, `SPOOL_DIRECTORY`.
    package init(spool: String) { self.path = "\(spool)/reports" }

    /// - Returns: `false` when the day is full and the report was left out.
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
            // Filed already, by an attempt that did not get to say so.
            return true
        }
        // Second: a line whose file is missing would promise what is not there.
        try SpoolFile.append(line: line.document.serialized(), to: "\(day)/index")
        return true
    }

    /// The oldest first, without timelines. A line that a crash left unfinished is passed over.
    ///
    /// - Parameter since: RFC 3339; `nil`: all that are kept.
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

    /// - Returns: `nil` where there is none of that id, any more.
    package func report(_ id: String) throws(SpoolError) -> FailureReport? {
        // An id comes from a command line and becomes part of a path.
        guard !id.isEmpty, id.allSatisfy(\.isHexDigit) else { return nil }
        for day in try self.days().reversed() {
            if let bytes = try SpoolFile.read("\(self.path)/\(day)/\(id).json") {
                return Self.parse(String(decoding: bytes, as: UTF8.self))
            }
        }
        return nil
    }

    /// Removes the days before `day` (`2026-11-14`).
    ///
    /// - Returns: how many reports that were.
    func prune(before day: String) throws(SpoolError) -> Int {
        var count = 0
        var failure: SpoolError?
        for old in try self.days() where old < day {
            // One day that cannot be removed keeps no other.
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
