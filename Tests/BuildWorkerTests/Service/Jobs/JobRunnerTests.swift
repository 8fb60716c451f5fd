import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import Spool
@testable import Support

@Suite final class JobRunnerTests {
    private let spool = FileManager.default.temporaryDirectory.appendingPathComponent("runner-\(UUID().uuidString)")
        .path
    private let outcomes = AsyncStream<String>.makeStream()
    private let started = AsyncStream<Int>.makeStream()

    deinit { try? FileManager.default.removeItem(atPath: self.spool) }

    private func queue(_ kind: JobKind = .status, attempts: Int = 3) throws -> SpoolQueue {
        var limits = SpoolQueue.Limits()
        limits.attempts = attempts
        return try SpoolQueue(kind, spool: self.spool, limits: limits)
    }

    private func runner(
        _ queue: SpoolQueue, change: (inout JobRules) -> Void = { _ in },
        _ process: @escaping @Sendable (Int) async -> JobOutcome
    ) -> JobRunner {
        var rules = JobRules()
        (rules.concurrency, rules.isOrdered, rules.retryInterval, rules.scanInterval) = (
            4, true, .milliseconds(20), .milliseconds(10)
        )
        change(&rules)
        let (outcomes, started) = (self.outcomes.continuation, self.started.continuation)
        return JobRunner(
            queue, rules: rules, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onOutcome: { outcomes.yield($1) }
        ) { job, _ in
            let number = job.payload["n"]?.integer ?? -1
            started.yield(number)
            return await process(number)
        }
    }

    /// Runs until `count` jobs have ended, each in one of the words.
    private func run(_ runner: JobRunner, until count: Int) async throws -> [String] {
        let running = RunningService(runner)
        var words: [String] = []
        for await word in self.outcomes.stream {
            words.append(word)
            if words.count == count { break }
        }
        try await running.shutDown()
        self.started.continuation.finish()
        return words
    }

    private func order() async -> [Int] {
        var order: [Int] = []
        for await number in self.started.stream { order.append(number) }
        return order
    }

    @Test func runsWhatIsThereAndWhatComes() async throws {
        let queue = try self.queue()
        for number in 1...5 { try queue.enqueue(["n": .number("\(number)")]) }
        #expect(try await self.run(self.runner(queue) { _ in .done }, until: 5) == Array(repeating: "done", count: 5))
        #expect(await self.order().sorted() == [1, 2, 3, 4, 5])
        #expect(try queue.names(in: .new).isEmpty && queue.names(in: .cur).isEmpty && queue.names(in: .dead).isEmpty)
    }

    /// The first fails twice; the second of its key waits for it, one of another key does not.
    @Test func jobsOfOneKeyKeepTheirOrderAcrossRetries() async throws {
        let queue = try self.queue()
        for (number, key) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] {
            try queue.enqueue(["n": .number("\(number)")], orderKey: key)
        }
        let failures = Mutex(2)
        let words = try await self.run(
            self.runner(queue) { number in
                guard number == 1,
                    failures.withLock({
                        $0 -= 1
                        return $0 >= 0
                    })
                else { return .done }
                return .failed("not yet")
            }, until: 6)
        #expect(words.count { $0 == "failed" } == 2 && words.count { $0 == "done" } == 4)
        #expect(await self.order().filter { $0 != 3 } == [1, 1, 1, 2, 4])
    }

    /// Many keys at once: a job that goes back to wait while the runner looks at the boxes is not overtaken by the next of its key.
    @Test func nobodyOvertakesAJobThatGoesBackToWait() async throws {
        let queue = try self.queue(attempts: 50)
        let (keys, jobs) = (20, 3)
        for number in 0..<(keys * jobs) { try queue.enqueue(["n": .number("\(number)")], orderKey: "\(number % keys)") }
        let tries = Mutex<[Int: Int]>([:])
        let failures = 8
        let words = try await self.run(
            self.runner(
                queue,
                change: {
                    ($0.retryInterval, $0.longestPause, $0.concurrency) = (.milliseconds(1), .milliseconds(1), 20)
                }
            ) { number in
                tries.withLock {
                    $0[number, default: 0] += 1
                    return $0[number, default: 0]
                } > failures ? .done : .failed("not yet")
            }, until: keys * jobs * (failures + 1))
        #expect(words.count { $0 == "done" } == keys * jobs)
        let order = await self.order()
        for key in 0..<keys {
            let ofKey = order.filter { $0 % keys == key }
            #expect(ofKey == ofKey.sorted(), "key \(key) ran in the order \(ofKey)")
        }
    }

    /// The disk may end with the worker, so what is due runs before it ends; what has to wait, waits.
    @Test func whatIsDueIsDoneBeforeTheEnd() async throws {
        let queue = try self.queue()
        for number in 1...5 { try queue.enqueue(["n": .number("\(number)")]) }
        let later = try queue.enqueue(["n": 6], after: .seconds(3600))
        let runner = self.runner(queue, change: { $0.concurrency = 2 }) { _ in .done }
        try await RunningService(runner).shutDown()
        self.started.continuation.finish()
        #expect(await self.order().sorted() == [1, 2, 3, 4, 5])
        #expect(try queue.names(in: .new) == [later])
    }

    @Test func diesAfterItsAttemptsAndTheNextOfItsKeyGoesOn() async throws {
        let queue = try self.queue(attempts: 3)
        for number in 1...2 { try queue.enqueue(["n": .number("\(number)")], orderKey: "a") }
        let words = try await self.run(self.runner(queue) { $0 == 1 ? .failed("never") : .done }, until: 4)
        #expect(words == ["failed", "failed", "dead", "done"])
        let dead = try #require(try queue.names(in: .dead).first)
        #expect(try queue.read(dead, in: .dead)?.history.map(\.error) == ["never", "never", "never"])
    }

    @Test func hopelessIsDeadAtOnceAndRefusedIsOver() async throws {
        let queue = try self.queue()
        for number in 1...2 { try queue.enqueue(["n": .number("\(number)")], orderKey: "a") }
        #expect(
            try await self.run(
                self.runner(queue) { $0 == 1 ? .permanentFailure("no sense") : .refused("too late") }, until: 2) == [
                    "dead", "refused",
                ])
        #expect(try queue.names(in: .dead).count == 1 && queue.names(in: .new).isEmpty)
    }

    @Test func aFileThatIsNoJobIsBuried() async throws {
        let queue = try self.queue()
        let name = try queue.enqueue(["n": 1])
        try Data("{".utf8).write(to: URL(fileURLWithPath: queue.path(name, in: .new)))
        #expect(try await self.run(self.runner(queue) { _ in .done }, until: 1) == ["dead"])
        #expect(await self.order().isEmpty)
    }

    @Test(.timeLimit(.minutes(1))) func asManyAtATimeAsAllowedAndNeverMore() async throws {
        let queue = try self.queue()
        for number in 1...12 { try queue.enqueue(["n": .number("\(number)")]) }
        let running = Mutex((now: 0, most: 0))
        // Until three run at a time nobody ends.
        let (three, open) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        async let opening: Void = {
            for await _ in three.stream { break }
            open.continuation.finish()
        }()
        _ = try await self.run(
            self.runner(queue, change: { $0.concurrency = 3 }) { _ in
                let count = running.withLock { running in
                    running.now += 1
                    running.most = max(running.most, running.now)
                    return running.now
                }
                if count == 3 { three.continuation.yield() }
                for await _ in open.stream {}
                for _ in 0..<200 { await Task.yield() }
                running.withLock { $0.now -= 1 }
                return .done
            }, until: 12)
        await opening
        #expect(running.withLock { $0.most } == 3)
    }

    @Test func aRunThatTakesTooLongHasFailed() async throws {
        let queue = try self.queue(attempts: 1)
        try queue.enqueue(["n": 1])
        let words = try await self.run(
            self.runner(queue, change: { $0.timeLimit = .milliseconds(50) }) { _ in
                do { try await Task.sleep(for: .seconds(60)) } catch { return .failed("ended") }
                return .done
            }, until: 1)
        #expect(words == ["dead"])
        let dead = try #require(try queue.names(in: .dead).first)
        #expect(try queue.read(dead, in: .dead)?.history.first?.error.contains("longer than") == true)
    }

    @Test func whenTheWorkerEndsAtOnceNoAttemptIsCharged() async throws {
        let queue = try self.queue()
        let name = try queue.enqueue(["n": 1])
        let runner = self.runner(queue) { _ in
            do { try await Task.sleep(for: .seconds(60)) } catch { return .failed("ended") }
            return .done
        }
        let running = Task { await runner.run() }
        var numbers = self.started.stream.makeAsyncIterator()
        #expect(await numbers.next() == 1)
        running.cancel()
        await running.value
        #expect(try queue.names(in: .new) == [name])
    }

    /// What an operator brings back while the worker runs is found.
    @Test func aRetriedJobRuns() async throws {
        let queue = try self.queue(attempts: 1)
        try queue.enqueue(["n": 1])
        let isMended = Atomic<Bool>(false)
        let runner = self.runner(queue) { _ in isMended.load(ordering: .relaxed) ? .done : .failed("broken") }
        let running = RunningService(runner)
        var words = self.outcomes.stream.makeAsyncIterator()
        #expect(await words.next() == "dead")
        isMended.store(true, ordering: .relaxed)
        let view = try SpoolView(spool: self.spool)
        let entry = try #require(try view.entries().first)
        #expect(entry.line().contains("status  dead") && entry.line().contains("broken"))
        #expect(try view.retry(entry))
        #expect(await words.next() == "done")
        try await running.shutDown()
    }

    @Test func theWriterKeepsTheOrderAndWritesAllBeforeItEnds() async throws {
        let queue = try self.queue()
        let writer = JobWriter(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onWritten: { _ in })
        for number in 1...50 { writer.add(["n": .number("\(number)")], to: queue) }
        try await RunningService(writer).shutDown()
        let names = try queue.names(in: .new).sorted { $0.sequence < $1.sequence }
        #expect(try names.map { try queue.read($0, in: .new)?.payload["n"]?.integer } == (1...50).map { $0 })
    }

    @Test func theWriterRefusesWhatItCannotHold() async throws {
        let queue = try self.queue()
        let refused = Atomic<Int>(0)
        let writer = JobWriter(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onWritten: { _ in },
            onRefused: { _ in refused.add(1, ordering: .relaxed) })
        for number in 0..<(JobWriter.limit + 7) { writer.add(["n": .number("\(number)")], to: queue) }
        #expect(refused.load(ordering: .relaxed) == 7)
    }

    /// As on a full disk: the boxes cannot be written. Nothing throws, nobody waits.
    @Test func theWriterGoesOnWithoutADisk() async throws {
        let queue = try self.queue()
        try FileManager.default.removeItem(atPath: self.spool)
        let refused = Atomic<Int>(0)
        let writer = JobWriter(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onWritten: { _ in },
            onRefused: { _ in refused.add(1, ordering: .relaxed) })
        for number in 0..<3 { writer.add(["n": .number("\(number)")], to: queue) }
        try await RunningService(writer).shutDown()
        #expect(refused.load(ordering: .relaxed) == 3)
    }
}
