import Foundation
import Glibc
import Logging
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Spool
@testable import Support
@testable import Workflow

/// Somebody else may write in the spool's directory: nothing that lies there is followed, waited for or written to, and nothing fills the log.
@Suite(.timeLimit(.minutes(1))) final class HostileSpoolTests {
    /// What lies where a file of ours should be.
    enum Trap: CaseIterable { case link, danglingLink, hardLink, pipe, directory }

    private let spool = FileManager.default.temporaryDirectory.appendingPathComponent("hostile-\(UUID().uuidString)")
        .path
    private var victim: String { "\(self.spool).victim" }

    init() throws {
        try SpoolDirectory.make(self.spool)
        try Data("precious".utf8).write(to: URL(fileURLWithPath: self.victim))
    }

    deinit { for path in [self.spool, self.victim] { try? FileManager.default.removeItem(atPath: path) } }

    private func lay(_ trap: Trap, at name: String) throws -> String {
        let path = "\(self.spool)/\(name)"
        let code =
            switch trap {
            case .link: symlink(self.victim, path)
            case .danglingLink: symlink("\(self.victim).new", path)
            case .hardLink: link(self.victim, path)
            case .pipe: mkfifo(path, 0o666)
            case .directory: mkdir(path, 0o777)
            }
        try #require(code == 0)
        return path
    }

    /// Every way in which the spool's parts open a file.
    static let openings: [(name: String, open: @Sendable (_ spool: String) throws -> Void)] = [
        ("lock", { _ = try SpoolDirectory($0) }), ("inflight", { _ = try InFlightLedger.survivors("\($0)/inflight") }),
        ("inflight", { _ = try InFlightLedger("\($0)/inflight", capacity: 2) }),
        ("suspects", { _ = try Suspects("\($0)/suspects", survivors: nil) }),
        ("starting", { _ = try StartMarker("\($0)/starting", note: "x") }),
        ("starting.tmp", { _ = try StartMarker("\($0)/starting", note: "x") }),
        ("heartbeat", { _ = try Heartbeat(of: $0, host: "h") }),
        ("index", { try SpoolFile.append(line: [0x78], to: "\($0)/index") }),
        ("job.log", { _ = try CommandLog("\($0)/job.log", limit: 100, perRun: 100) }),
        ("job", { try SpoolFile.write([0x78], to: "\($0)/job", isNew: true) }),
    ]

    @Test(arguments: Trap.allCases) func noTrapIsStoodIn(_ trap: Trap) throws {
        for (name, open) in Self.openings {
            let path = try self.lay(trap, at: name)
            #expect(throws: SpoolError.self, "\(name)") { try open(self.spool) }
            try FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: "\(self.spool)/starting")
        }
        #expect(try String(contentsOfFile: self.victim, encoding: .utf8) == "precious")
        #expect(!FileManager.default.fileExists(atPath: "\(self.victim).new"))
    }

    @Test(arguments: ["queues", "queues/status", "queues/status/new", "timers", "reports"])
    func noDirectoryIsALinkElsewhere(_ name: String) throws {
        let elsewhere = "\(self.victim).d"
        defer { try? FileManager.default.removeItem(atPath: elsewhere) }
        for directory in [elsewhere, URL(fileURLWithPath: "\(self.spool)/\(name)").deletingLastPathComponent().path] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        try #require(symlink(elsewhere, "\(self.spool)/\(name)") == 0)
        let report = FailureReport(.startFailed, Problem(.worker, "x"), causes: ["x"], host: "h")
        #expect(throws: SpoolError.self) {
            if name.hasPrefix("queues") { _ = try SpoolQueue(.status, spool: self.spool) }
            if name == "timers" { _ = try TimerJournal("\(self.spool)/timers") }
            if name == "reports" { try ReportStore(spool: self.spool).file(report) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere).isEmpty)
    }

    @Test func aLinkIsNoSpool() throws {
        try #require(symlink(self.spool, "\(self.victim).link") == 0)
        defer { try? FileManager.default.removeItem(atPath: "\(self.victim).link") }
        #expect(throws: SpoolError.self) { try SpoolDirectory("\(self.victim).link") }
    }

    @Test(arguments: [0o777, 0o770, 0o2777]) func whatOthersMayWriteInIsTakenFromThem(_ mode: Int) throws {
        try #require(chmod(self.spool, mode_t(mode)) == 0)
        let finding = try SpoolDirectory(self.spool).finding
        #expect(finding?.contains("mode 0\(String(mode, radix: 8))") == true, "\(finding ?? "nothing is said")")
        #expect(try FileManager.default.attributesOfItem(atPath: self.spool)[.posixPermissions] as? Int == mode & 0o755)
        #expect(try SpoolDirectory(self.spool).finding == nil)
    }

    typealias Owner = SpoolDirectory.Ownership

    /// The worker is user 7.
    @Test(arguments: [
        (Owner(user: 7, mode: 0o700, isVolume: false), "fine"), (Owner(user: 7, mode: 0o777, isVolume: true), "opened"),
        (Owner(user: 0, mode: 0o755, isVolume: false), "fine"), (Owner(user: 0, mode: 0o1777, isVolume: false), "fine"),
        // An emptyDir, with fsGroup and without.
        (Owner(user: 0, mode: 0o2777, isVolume: true), "shared"),
        (Owner(user: 0, mode: 0o777, isVolume: true), "shared"),
        (Owner(user: 0, mode: 0o777, isVolume: false), "others"),
        (Owner(user: 8, mode: 0o700, isVolume: true), "others"),
    ])
    func whoseItIs(_ owner: Owner, _ verdict: String) {
        #expect("\(owner.verdict(for: 7))".hasPrefix(verdict))
        #expect(
            Owner(user: 7, mode: 0o700, isVolume: false).verdict(for: 0) != .fine,
            "root writes in nobody else's directory")
    }

    @Test(.enabled(if: geteuid() == 0)) func rootLooksAtAnotherUsersSpool() throws {
        let queue = try SpoolQueue(.status, spool: self.spool)
        try queue.enqueue(["n": 1])
        for path in ["", "/queues", "/queues/status", "/queues/status/new"] {
            try #require(chown(self.spool + path, 7, 7) == 0)
        }
        #expect(try SpoolView(spool: self.spool).entries().map(\.box) == [.new])
        #expect(throws: SpoolError.self) { try SpoolDirectory(self.spool) }
    }

    /// Three thousand random bytes were four workers' deaths and a crash loop.
    @Test func rubbishIsNobodysDeath() throws {
        var random = SeededGenerator(seed: 7)
        let path = "\(self.spool)/inflight"
        for _ in 1...100 {
            // Each line begins as ours do.
            let rubbish = (0..<3000).map {
                $0 % 64 == 0 ? HandlingStep.notifyBuild.letter : UInt8.random(in: .min ... .max, using: &random)
            }
            try SpoolFile.replace(path, with: rubbish, isDurable: false)
            #expect(try InFlightLedger.survivors(path) == [])
        }
        let ledger = try InFlightLedger(path, capacity: 2)
        let key = MessageKey(queue: "q", body: [1])
        let place = try #require(ledger.enter(key, .waiting))
        ledger.update(place, key, .notifyBuild)
        #expect(try InFlightLedger.survivors(path) == [InFlightLedger.Entry(key: key, step: .notifyBuild)])
    }

    @Test func whatIsTooLargeIsNotRead() throws {
        let path = "\(self.spool)/suspects"
        try SpoolFile.replace(path, with: [])
        try #require(truncate(path, 1 << 40) == 0)
        let error = #expect(throws: SpoolError.self) { try SpoolFile.read(path) }
        #expect(error?.description.contains("larger than") == true)
    }

    /// Lines that were logged, by their sentences.
    private final class Lines: LogHandler, Sendable {
        let all = Mutex<[(message: String, metadata: Logger.Metadata)]>([])
        var logLevel: Logger.Level {
            get { .debug }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        subscript(metadataKey _: String) -> Logger.MetadataValue? {
            get { nil }
            set {}
        }
        func log(event: LogEvent) { self.all.withLock { $0.append(("\(event.message)", event.metadata ?? [:])) } }
        func metadata(_ words: String) -> [Logger.Metadata] {
            self.all.withLock { $0.filter { $0.message.contains(words) }.map(\.metadata) }
        }
    }

    @Test func badTimersAreCounted() async throws {
        let lines = Lines()
        let journal = try TimerJournal("\(self.spool)/timers")
        for number in 1...300 {
            try SpoolFile.replace("\(self.spool)/timers/\(number).json", with: [0x78], isDurable: false)
        }
        let logger = Logger(label: "test") { _ in lines }
        await LocalVerifications(
            RabbitMQOptions(), journal: journal, clock: ContinuousClock(), logger: logger, isRetryQueueUsable: { true }
        ) { _ in .confirmed }.rearm()
        #expect(lines.metadata("cannot be read").map { $0["files"].map { "\($0)" } } == ["300"])
    }

    @Test func badJobsAreCounted() async throws {
        let lines = Lines()
        let queue = try SpoolQueue(.status, spool: self.spool)
        for number in 1...60 {
            try SpoolFile.replace(
                queue.path(JobName(started: number, sequence: number, pid: 1), in: .new), with: [0x78], isDurable: false
            )
        }
        var rules = JobRules()
        (rules.concurrency, rules.scanInterval) = (60, .milliseconds(1))
        let runner = JobRunner(queue, rules: rules, logger: Logger(label: "test") { _ in lines }) { _, _ in .done }
        let running = RunningService(runner)
        try await eventually("all are dead") { try queue.names(in: .dead).count == 60 }
        try await running.shutDown()
        let told = lines.metadata("a job is dead").compactMap { $0["jobs"].map { "\($0)" } ?? "1" }.compactMap {
            Int($0)
        }
        #expect(told.reduce(0, +) == 60 && told.count <= 8, "\(told)")
    }
}
