internal import Logging
internal import ServiceLifecycle
internal import Spool
internal import Support
internal import Synchronization

/// Runs the jobs of one kind, within the limits of ``JobRules``, until each is done or dead.
final class JobRunner: Service {
    /// Performs a job. Cancelled at the time limit or when the worker stops at once; must then return soon.
    typealias Process = @Sendable (Job, _ log: String) async -> JobOutcome

    let queue: SpoolQueue
    private let rules: JobRules
    private let logger: Logger
    private let onOutcome: @Sendable (JobKind, String) -> Void
    private let process: Process
    private let wakeups = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    private struct State {
        var running: [String: JobPlan.Candidate] = [:]
        /// Order keys by job id, as of the last scan.
        var keys: [String: String?] = [:]
        var interrupted = 0
        /// The last disk error; `nil` while the disk works.
        var problem: String?
        /// Unreadable jobs moved to dead since the last log line.
        var unreadable: (first: JobName, error: String, count: Int)?
        /// When the next such line is due, and the current interval.
        var telling = (next: ContinuousClock.now, pause: Duration.zero)
    }

    private let state = Mutex(State())

    init(
        _ queue: SpoolQueue, rules: JobRules, logger: Logger,
        onOutcome: @escaping @Sendable (JobKind, String) -> Void = { _, _ in },
        process: @escaping Process
    ) {
        (self.queue, self.rules, self.onOutcome, self.process) = (queue, rules, onOutcome, process)
        var logger = logger
        logger[metadataKey: "spool"] = .string(queue.kind.rawValue)
        self.logger = logger
    }

    func wake() { self.wakeups.continuation.yield() }

    /// Runs until graceful shutdown, then until nothing is due. On cancellation running jobs are put back uncounted.
    func run() async {
        await withTaskGroup { group in
            group.addTask {
                await withGracefulShutdownHandler {
                    await self.work()
                } onGracefulShutdown: {
                    self.wakeups.continuation.finish()
                }
            }
            group.addTask { await self.tick() }
            await group.next()
            group.cancelAll()
        }
        self.tellUnreadable(isLast: true)
        let interrupted = self.state.withLock { $0.interrupted }
        guard interrupted > 0 else { return }
        self.logger.warning(
            "the spool's jobs are not done; they wait on the disk for the next worker",
            metadata: ["jobs": .stringConvertible(interrupted)])
    }

    private func work() async {
        await withDiscardingTaskGroup { group in
            self.wake()
            for await _ in self.wakeups.stream {
                for name in await self.plan() { group.addTask { await self.run(name) } }
            }
        }
        await self.flush()
    }

    /// Runs what is due: the disk may be lost with the container.
    private func flush() async {
        await withTaskGroup { group in
            while !Task.isCancelled {
                for name in await self.plan() { group.addTask { await self.run(name) } }
                guard await group.next() != nil else { return }
            }
        }
    }

    private func tick() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: self.rules.scanInterval) } catch { return }
            self.tellUnreadable()
            self.wake()
        }
    }

    /// Recovers what an earlier worker left. Call once, before anything is written to the queues, then ``run()``.
    func recover() async {
        await self.onDisk {
            let recovery = try self.queue.recoverAll()
            if let first = recovery.returned.first {
                let metadata = Self.metadata(first).merging(["jobs": .stringConvertible(recovery.returned.count)]) {
                    $1
                }
                self.logger.warning("jobs ran when an earlier worker ended; they are tried again", metadata: metadata)
            }
            if let first = recovery.deadLettered.first {
                self.died(first, "it ran each time when a worker ended", jobs: recovery.deadLettered.count)
            }
        }
    }

    // MARK: Scheduling

    private func plan() async -> [JobName] {
        // Before the listing: a job that goes back to new meanwhile must be in one of the two, or its successor
        // overtakes it.
        let running = self.state.withLock { Array($0.running.values) }
        let names = await self.onDisk { try self.candidates() } ?? []
        return self.state.withLock { state in
            let plan = JobPlan(
                waiting: names, running: running, places: self.rules.concurrency - state.running.count,
                now: Timestamp.now.millisecondsSince1970)
            for candidate in names where plan.begin.contains(candidate.name) {
                state.running[candidate.name.id] = candidate
            }
            return plan.begin
        }
    }

    private func candidates() throws -> [JobPlan.Candidate] {
        let names = try self.queue.names(in: .new)
        guard self.rules.isOrdered else { return names.map { JobPlan.Candidate(name: $0, orderKey: nil) } }
        let known = self.state.withLock { $0.keys }
        var keys: [String: String?] = [:]
        for name in names {
            if let key = known[name.id] {
                keys[name.id] = .some(key)
            } else {
                // An unreadable job blocks no other; its own run reports the error.
                do throws(SpoolError) { keys[name.id] = .some(try self.queue.read(name, in: .new)?.orderKey) } catch {
                    keys[name.id] = .some(nil)
                }
            }
        }
        self.state.withLock { $0.keys = keys }
        return names.map { JobPlan.Candidate(name: $0, orderKey: keys[$0.id] ?? nil) }
    }

    // MARK: Execution

    private func run(_ name: JobName) async {
        let isClaimed = await self.onDisk { try self.queue.claim(name) }
        if isClaimed == true, let outcome = await self.outcome(of: name) { await self.settle(name, outcome) }
        if isClaimed == nil {
            // The disk refused the claim and would again at once. On cancellation the job stays.
            do { try await Task.sleep(for: .seconds(5)) } catch {}
        }
        _ = self.state.withLock { $0.running.removeValue(forKey: name.id) }
        // A slot is free, and a job with the same key may start.
        self.wake()
    }

    private func outcome(of name: JobName) async -> JobOutcome? {
        let job: Job?
        do { job = try await OwnThread.run { try self.queue.read(name, in: .cur) } } catch {
            await self.deadLetter(unreadable: name, "\(error)")
            return nil
        }
        guard let job else { return .refused("it was dropped") }
        return await withTaskGroup(of: JobOutcome?.self) { group in
            group.addTask { await self.process(job, self.queue.log(of: name, in: .cur)) }
            group.addTask { await self.keepLease(name) }
            group.addTask { await self.timeLimit() }
            var isLate = false
            for await outcome in group {
                guard let outcome else { continue }
                if outcome == Self.late {
                    // Its result still counts: it may have just finished.
                    isLate = true
                    group.cancelAll()
                    continue
                }
                group.cancelAll()
                if isLate, case .failed = outcome {
                    return .failed("it took longer than \(self.rules.timeLimit.formatted)")
                }
                return outcome
            }
            preconditionFailure("a process ends with an outcome")
        }
    }

    private static let late = JobOutcome.failed("the time limit is over")

    private func timeLimit() async -> JobOutcome? {
        do { try await Task.sleep(for: self.rules.timeLimit) } catch { return nil }
        return Self.late
    }

    private func keepLease(_ name: JobName) async -> JobOutcome? {
        while true {
            do { try await Task.sleep(for: SpoolQueue.lease / 5) } catch { return nil }
            await self.onDisk { try self.queue.touch(name) }
        }
    }

    private func settle(_ name: JobName, _ outcome: JobOutcome) async {
        let metadata = Self.metadata(name)
        let isInterrupted = Task.isCancelled
        await self.onDisk {
            var word = outcome.word
            switch outcome {
            case .done: try self.queue.done(name)
            case .refused(let reason):
                self.logger.info("spool job discarded", metadata: metadata.merging(["reason": .string(reason)]) { $1 })
                try self.queue.done(name)
            case .failed where isInterrupted:
                word = "interrupted"
                self.state.withLock { $0.interrupted += 1 }
                try self.queue.putBack(name)
            case .failed(let error):
                var random = SystemRandomNumberGenerator()
                let pause = self.rules.backoff.pause(after: name.attempt, using: &random)
                if try self.queue.failed(name, error, after: pause) {
                    word = "dead"
                    self.died(name, error)
                } else {
                    self.logger.warning(
                        "a job failed and is tried again",
                        metadata: .of(
                            .jobRetried,
                            metadata.merging(["error": .string(error), "retryIn": .string(pause.formatted)]) { $1 }))
                }
            case .permanentFailure(let reason):
                try self.queue.deadLetter(name, reason)
                self.died(name, reason)
            }
            self.onOutcome(self.queue.kind, word)
        }
    }

    private func deadLetter(unreadable name: JobName, _ error: String) async {
        await self.onDisk {
            try self.queue.deadLetter(name, error)
            self.onOutcome(self.queue.kind, JobOutcome.permanentFailure(error).word)
            self.state.withLock { state in
                let known = state.unreadable
                state.unreadable = (known?.first ?? name, known?.error ?? error, (known?.count ?? 0) + 1)
            }
        }
    }

    /// One line for all since the last, at growing intervals: there may be thousands.
    private func tellUnreadable(isLast: Bool = false) {
        let now = ContinuousClock.now
        let known = self.state.withLock { state in
            guard let known = state.unreadable, isLast || now >= state.telling.next else {
                return nil as (first: JobName, error: String, count: Int)?
            }
            let isOver = now - state.telling.next > state.telling.pause
            state.telling.pause = isOver ? .seconds(1) : min(state.telling.pause * 2, .seconds(3600))
            state.telling.next = now + state.telling.pause
            state.unreadable = nil
            return known
        }
        if let known { self.died(known.first, known.error, jobs: known.count) }
    }

    private func died(_ name: JobName, _ error: String, jobs: Int = 1) {
        var metadata = Self.metadata(name).merging(["error": .string(error)]) { $1 }
        if jobs > 1 { metadata["jobs"] = .stringConvertible(jobs) }
        self.logger.error(
            "a job is dead: 'worker spool show' says why, 'worker spool retry' tries it again", metadata: metadata)
    }

    private static func metadata(_ name: JobName) -> Logger.Metadata {
        ["jobFile": .string(name.id), "attempt": .stringConvertible(name.attempt)]
    }

    /// Runs blocking disk work. A disk failure is logged once until it recovers; builds do not depend on it.
    @discardableResult
    private func onDisk<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async -> Result? {
        do {
            let result = try await OwnThread.run(body)
            self.state.withLock { $0.problem = nil }
            return result
        } catch {
            let problem = "\(error)"
            let isNew = self.state.withLock { state in
                defer { state.problem = problem }
                return state.problem == nil
            }
            if isNew {
                self.logger.error(
                    "the spool cannot be worked on; what is in it waits", metadata: ["error": .string(problem)])
            }
            return nil
        }
    }
}
