import Foundation
import Testing

@testable import BuildWorker
@testable import Spool
@testable import Support

/// Against real directories, as the worker's spool makes them.
@Suite final class SpoolCheckTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("spool-\(UUID().uuidString)")
        .path
    private let now = Timestamp(secondsSince1970: 1_800_000_000, milliseconds: 0)

    init() throws { try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: true) }

    deinit {
        do { try FileManager.default.removeItem(atPath: self.directory) } catch { Issue.record(error) }
    }

    /// - Parameter overdue: seconds.
    private func put(_ count: Int, _ box: String, of kind: String = "status", overdue: Int = 1, suffix: String = ".0")
        throws
    {
        for name in ["tmp", "new", "cur", "logs", "dead"] {
            try FileManager.default.createDirectory(
                atPath: "\(self.directory)/queues/\(kind)/\(name)", withIntermediateDirectories: true)
        }
        for number in 0..<count {
            let name = "\(self.now.millisecondsSince1970 - overdue * 1000)-\(number)-4711-00005f3a\(suffix)"
            try Data().write(to: URL(fileURLWithPath: "\(self.directory)/queues/\(kind)/\(box)/\(name)"))
        }
    }

    private func check() throws -> CheckResult {
        SpoolCheck().judge(try SpoolCensus(of: self.directory), now: self.now)
    }

    @Test func aSpoolThatWasNeverUsedIsFine() throws {
        #expect(try self.check().line == "OK - nothing was ever spooled")
    }

    @Test(arguments: [
        ("new", 50, CheckStatus.ok), ("new", 51, .warning), ("new", 100, .warning), ("new", 101, .critical),
        ("cur", 50, .ok), ("cur", 51, .warning), ("cur", 101, .critical),
        ("dead", 0, .ok), ("dead", 1, .critical), ("tmp", 200, .ok), ("logs", 200, .ok),
    ])
    func counts(box: String, count: Int, status: CheckStatus) throws {
        try self.put(count, box)
        #expect(try self.check().status == status)
    }

    @Test(arguments: [(900, CheckStatus.ok), (901, .warning), (-3600, .ok)])
    func ages(overdue: Int, status: CheckStatus) throws {
        try self.put(1, "new", overdue: overdue)
        #expect(try self.check().status == status)
        try self.put(1, "cur", of: "publish", overdue: overdue)
        #expect(try self.check().status == status)
    }

    @Test func allIsSaidInOneLine() throws {
        try self.put(60, "new", overdue: 2)
        try self.put(2, "dead", of: "command", overdue: 9000)
        try self.put(2, "dead", of: "command", overdue: 9000, suffix: ".0.log")
        #expect(
            try self.check().line
                == "CRITICAL - 2 dead in command: 'worker spool list' says why (0); 60 waiting in status (50)"
                + " | command_dead=2;;0;0 command_new=0;50;100;0 command_cur=0;50;100;0 command_oldest=0s;900;;0"
                + " status_dead=0;;0;0 status_new=60;50;100;0 status_cur=0;50;100;0 status_oldest=2s;900;;0")
    }

    @Test func whatCannotBeListedIsAnError() throws {
        let missing = #expect(throws: SpoolError.self) { try SpoolCensus(of: "\(self.directory)/nowhere") }
        #expect(missing?.description.contains("No such file or directory") == true)
        try FileManager.default.createDirectory(
            atPath: "\(self.directory)/queues/status", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: "\(self.directory)/queues/status/new"))
        let unreadable = #expect(throws: SpoolError.self) { try SpoolCensus(of: self.directory) }
        #expect(unreadable?.description.contains("Not a directory") == true)
    }
}
