import Foundation
import Testing

@testable import BuildWorker
@testable import Spool
@testable import Support

@Suite final class SpoolQueueTests {
    private let spool = FileManager.default.temporaryDirectory.appendingPathComponent("jobs-\(UUID().uuidString)").path
    private let now = Timestamp(secondsSince1970: 1_800_000_000, milliseconds: 0)

    deinit { try? FileManager.default.removeItem(atPath: self.spool) }

    private func queue(attempts: Int = 3, jobs: Int = 10_000) throws -> SpoolQueue {
        var limits = SpoolQueue.Limits()
        (limits.attempts, limits.jobs) = (attempts, jobs)
        return try SpoolQueue(.publish, spool: self.spool, limits: limits)
    }

    private func later(_ seconds: Int) -> Timestamp {
        Timestamp(secondsSince1970: self.now.secondsSince1970 + seconds, milliseconds: 0)
    }

    private func contents(_ queue: SpoolQueue) throws -> [JobBox: Int] {
        try Dictionary(uniqueKeysWithValues: JobBox.allCases.map { ($0, try queue.names(in: $0).count) })
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func aJobGoesFromNewToCurAndAway() throws {
        let queue = try self.queue()
        let name = try queue.enqueue(["n": 1], orderKey: "4711", now: self.now)
        #expect(try queue.names(in: .new) == [name])
        #expect(try self.contents(queue) == [.tmp: 0, .new: 1, .cur: 0, .dead: 0])
        let job = try #require(try queue.read(name, in: .new))
        #expect(job == Job(.publish, id: name.id, created: self.now.text, orderKey: "4711", payload: ["n": 1]))
        #expect(try queue.claim(name))
        #expect(try !queue.claim(name), "one has it")
        #expect(try self.contents(queue) == [.tmp: 0, .new: 0, .cur: 1, .dead: 0])
        try Data("said".utf8).write(to: URL(fileURLWithPath: queue.log(of: name, in: .cur)))
        try queue.done(name)
        #expect(try self.contents(queue) == [.tmp: 0, .new: 0, .cur: 0, .dead: 0])
        #expect(!FileManager.default.fileExists(atPath: queue.log(of: name, in: .cur)))
    }

    @Test func onlyTheWorkersUserReadsIt() throws {
        let queue = try self.queue()
        let name = try queue.enqueue(["token": "abc"])
        #expect(try self.mode(queue.path(name, in: .new)) == 0o600)
        for box in JobBox.allCases { #expect(try self.mode("\(queue.directory)/\(box.rawValue)") == 0o700) }
    }

    @Test func aFailedJobWaitsOnDiskAndDiesInTheEnd() throws {
        let queue = try self.queue(attempts: 3)
        var name = try queue.enqueue(["n": 1], now: self.now)
        let id = name.id
        for attempt in 0..<2 {
            #expect(try queue.claim(name))
            #expect(try !queue.failed(name, "no luck \(attempt)", after: .seconds(60), now: self.now))
            name = try #require(try queue.names(in: .new).first)
            #expect(name.started == self.later(60).millisecondsSince1970, "the delay is in the name")
            #expect(name.attempt == attempt + 1)
        }
        #expect(try queue.claim(name))
        try Data("last words".utf8).write(to: URL(fileURLWithPath: queue.log(of: name, in: .cur)))
        #expect(try queue.failed(name, "no luck 2", after: .seconds(60), now: self.now))
        #expect(try self.contents(queue) == [.tmp: 0, .new: 0, .cur: 0, .dead: 1])
        let dead = try #require(try queue.names(in: .dead).first)
        #expect(dead.id == id && dead.attempt == 3)
        #expect(try queue.read(dead, in: .dead)?.history.map(\.error) == ["no luck 0", "no luck 1", "no luck 2"])
        #expect(
            try String(contentsOfFile: queue.log(of: dead, in: .dead), encoding: .utf8) == "last words",
            "its log came along")
    }

    @Test func anOperatorsRetryHasAllAttemptsAndKeepsTheHistory() throws {
        let queue = try self.queue(attempts: 1)
        let name = try queue.enqueue(["n": 1], now: self.now)
        #expect(try queue.claim(name))
        #expect(try queue.failed(name, "no luck", after: .zero, now: self.now))
        let dead = try #require(try queue.names(in: .dead).first)
        #expect(try queue.retry(dead, now: self.later(9)))
        #expect(try !queue.retry(dead, now: self.later(9)), "it is not dead any more")
        let again = try #require(try queue.names(in: .new).first)
        #expect(again.attempt == 0 && again.started == self.later(9).millisecondsSince1970 && again.id == name.id)
        #expect(try queue.read(again, in: .new)?.history.map(\.error) == ["no luck", "tried again by an operator"])
    }

    @Test func whatADeadWorkerHadInFlightCostsAnAttempt() throws {
        let first = try self.queue(attempts: 2)
        let name = try first.enqueue(["n": 1], now: self.now)
        for run in 1...2 {
            let waiting = try #require(try first.names(in: .new).first)
            #expect(try first.claim(waiting))
            // The process ends here; the next one finds its boxes.
            let recovery = try self.queue(attempts: 2).recoverAll(now: self.now)
            #expect(recovery.returned.count == (run == 1 ? 1 : 0))
            #expect(recovery.deadLettered.count == (run == 2 ? 1 : 0), "a job that ends its runner dies too")
        }
        let dead = try #require(try first.names(in: .dead).first)
        #expect(dead.id == name.id)
        #expect(try first.read(dead, in: .dead)?.history.count == 2)
    }

    @Test func halvesOfACrashAreRemoved() throws {
        let queue = try self.queue()
        let name = try queue.enqueue(["n": 1])
        for file in ["1-2-3-0000000a.0", "anything"] {
            try Data("{".utf8).write(to: URL(fileURLWithPath: "\(queue.directory)/tmp/\(file)"))
        }
        _ = try queue.recoverAll()
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(queue.directory)/tmp").isEmpty)
        #expect(try queue.names(in: .new) == [name])
    }

    @Test func onlyUntouchedJobsAreTakenBack() throws {
        let queue = try self.queue()
        let now = Timestamp.now
        let (old, young) = (try queue.enqueue(["n": 1]), try queue.enqueue(["n": 2]))
        for name in [old, young] { #expect(try queue.claim(name)) }
        let past = Date(timeIntervalSince1970: Double(now.secondsSince1970 - 301))
        try FileManager.default.setAttributes([.modificationDate: past], ofItemAtPath: queue.path(old, in: .cur))
        try FileManager.default.setAttributes([.modificationDate: past], ofItemAtPath: queue.path(young, in: .cur))
        try queue.touch(young)
        let recovery = try queue.recoverStale(now: now)
        #expect(recovery.returned == [old] && recovery.deadLettered.isEmpty)
        #expect(try queue.names(in: .cur) == [young])
        #expect(try queue.names(in: .new).map(\.attempt) == [1])
    }

    @Test func whatWasPutBackHasLostNothing() throws {
        let queue = try self.queue()
        let name = try queue.enqueue(["n": 1])
        #expect(try queue.claim(name))
        try queue.putBack(name)
        #expect(try queue.names(in: .new) == [name])
    }

    @Test func tooManyAreRefusedUntilOneIsDone() throws {
        let queue = try self.queue(jobs: 2)
        let name = try queue.enqueue(["n": 1])
        _ = try queue.enqueue(["n": 2])
        #expect(throws: SpoolQueue.Refusal.full(jobs: 2)) { try queue.enqueue(["n": 3]) }
        #expect(throws: SpoolQueue.Refusal.full(jobs: 2), "the next process knows too") {
            try self.queue(jobs: 2).enqueue(["n": 3])
        }
        #expect(try queue.claim(name))
        try queue.done(name)
        _ = try queue.enqueue(["n": 3])
    }

    @Test func aJobThatIsTooLargeIsRefusedAndTakesNoPlace() throws {
        let queue = try self.queue(jobs: 1)
        let error = #expect(throws: SpoolQueue.Refusal.self) {
            try queue.enqueue(["text": .string(String(repeating: "x", count: 1 << 20))])
        }
        guard case .tooLarge = error else { return #expect(Bool(false), "\(String(describing: error))") }
        _ = try queue.enqueue(["n": 1])
    }

    @Test func theOrderOfMakingSurvivesAClockThatWasSetBack() throws {
        let names = try [self.now, self.later(-3600), self.later(-7200)].map {
            try self.queue().enqueue(["n": 1], now: $0)
        }
        #expect(names.map(\.sequence) == names.map(\.sequence).sorted())
        #expect(Set(names.map(\.sequence)).count == 3)
    }

    @Test func countsAndPrunes() throws {
        let queue = try self.queue(attempts: 1)
        let names = try (0..<3).map { try queue.enqueue(["n": .number("\($0)")], now: self.later(-$0 * 10)) }
        #expect(try queue.claim(names[0]))
        #expect(try queue.failed(names[0], "no", after: .zero))
        #expect(try queue.claim(names[1]))
        let spool = URL(fileURLWithPath: queue.directory).deletingLastPathComponent().deletingLastPathComponent().path
        let jobs = try #require(try SpoolCensus(of: spool).kinds.first)
        #expect(jobs.new == 1 && jobs.current == 1 && jobs.dead == 1)
        #expect(jobs.oldestMade == min(names[1].created, names[2].created), "of those that are not dead")
        try Data("orphan".utf8).write(to: URL(fileURLWithPath: "\(queue.directory)/logs/1-2-0000000a.log"))
        try Data("alive".utf8).write(to: URL(fileURLWithPath: queue.log(of: names[2], in: .new)))
        let day = Duration.seconds(86_400)
        #expect(try queue.prune(logsOlderThan: day, deadOlderThan: day, now: .now) == 0)
        let tomorrow = Timestamp(secondsSince1970: Timestamp.now.secondsSince1970 + 86_500, milliseconds: 0)
        #expect(try queue.prune(logsOlderThan: day, deadOlderThan: day, now: tomorrow) == 2)
        #expect(try queue.names(in: .dead).isEmpty)
        #expect(FileManager.default.fileExists(atPath: queue.log(of: names[2], in: .new)), "its job lives")
    }

    @Test func whatIsDroppedIsGone() throws {
        let queue = try self.queue()
        let name = try queue.enqueue(["n": 1])
        #expect(try queue.drop(name, in: .new))
        #expect(try !queue.drop(name, in: .new))
        #expect(try !queue.claim(name))
        #expect(try self.contents(queue) == [.tmp: 0, .new: 0, .cur: 0, .dead: 0])
    }

    @Test func noSecretIsInWhatIsShown() throws {
        let payload: JSONValue = ["buildId": 1, "token": "verySecret", "nested": [["apiPassword": "alsoSecret"]]]
        let shown = Job(.status, id: "1", created: self.now.text, orderKey: nil, payload: payload).document.text()
        #expect(!shown.contains("verySecret") && !shown.contains("alsoSecret"))
        #expect(shown.contains("\"buildId\":1"))
    }

    @Test func aFileThatIsNoJobIsSaidSo() throws {
        let queue = try self.queue()
        let name = try queue.enqueue(["n": 1])
        try Data("{\"kind\":\"publish\"".utf8).write(to: URL(fileURLWithPath: queue.path(name, in: .new)))
        #expect(throws: SpoolError.self) { try queue.read(name, in: .new) }
    }
}
