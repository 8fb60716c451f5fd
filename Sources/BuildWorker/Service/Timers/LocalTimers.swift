internal import Logging
internal import Synchronization

/// Init timers for a broker that has no init queue: kept in this process and written down, so that the next one on the same
/// disk arms them again. They go to the retry queue when they fire, or, as an early look, when the worker drains.
final class LocalTimers: Sendable {
    private struct Timer {
        let entry: TimerJournal.Entry
        /// `nil`: it is nowhere but here.
        let file: String?
    }

    private let timeout: Duration
    private let options: RabbitMQOptions
    /// `nil`: there is no disk for it.
    private let journal: TimerJournal?
    private let publish: @Sendable (OutgoingMessage) async -> PublishOutcome
    private let logger: Logger
    private let timers: AsyncStream<Timer>
    private let feed: AsyncStream<Timer>.Continuation
    private let running = Atomic<Int>(0)

    init(
        _ options: RabbitMQOptions, journal: TimerJournal?, logger: Logger, publish: @escaping @Sendable (OutgoingMessage) async -> PublishOutcome
    ) {
        (self.options, self.timeout, self.journal, self.logger, self.publish) = (options, options.initTimeout, journal, logger, publish)
        (self.timers, self.feed) = AsyncStream.makeStream()
        self.rearm()
    }

    /// Timers that have not fired.
    var count: Int { self.running.load(ordering: .relaxed) }

    /// Those of a worker before this one. What is overdue fires at once.
    private func rearm() {
        guard let journal else { return }
        do throws(SpoolError) {
            let entries = try journal.entries()
            for (name, entry) in entries {
                switch entry {
                case .success(let entry): self.arm(Timer(entry: entry, file: name))
                case .failure(let error):
                    self.logger.error("an init timer on disk cannot be read; its file is left for you", metadata: ["error": .string(error.description)])
                }
            }
            if self.count > 0 { self.logger.notice("init timers of an earlier run are armed again", metadata: ["timers": .stringConvertible(self.count)]) }
        } catch {
            self.logger.error("the init timers on disk cannot be read", metadata: ["error": .string(error.description)])
        }
    }

    /// - Returns: why it could not be written down; then it is not kept.
    func keep(_ verification: Verification) async -> Outcome {
        let timeout = Int(self.timeout / .milliseconds(1))
        let entry = TimerJournal.Entry(
            dueAt: Timestamp.now.millisecondsSince1970 + timeout, round: verification.round,
            imagePullStartTime: verification.imagePullStartTime, body: verification.body)
        do {
            // Waits for the disk.
            let file = try await OwnThread.run { [journal] in try journal?.write(entry) }
            let timer = Timer(entry: entry, file: file)
            // Draining already: nobody waits for it any more.
            if !self.arm(timer), await !self.handOverEarly(timer), file == nil { return .failed(Problem(.broker, "the init timer could not be handed over")) }
            return .done
        } catch { return .failed(Problem(.worker, "\(error)")) }
    }

    /// - Returns: `false` when draining.
    @discardableResult
    private func arm(_ timer: Timer) -> Bool {
        self.running.add(1, ordering: .relaxed)
        guard case .terminated = self.feed.yield(timer) else { return true }
        self.running.subtract(1, ordering: .relaxed)
        return false
    }

    /// Hands everything over now; ``run()`` then ends.
    func drain() { self.feed.finish() }

    /// Fires timers until drained.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await timer in self.timers {
                group.addTask {
                    await self.fire(timer)
                    self.running.subtract(1, ordering: .relaxed)
                }
            }
            // Draining: who sleeps wakes, and hands over at once.
            group.cancelAll()
        }
    }

    private func fire(_ timer: Timer) async {
        var backoff = Backoff(first: .seconds(1), limit: .seconds(60))
        var random = SystemRandomNumberGenerator()
        // A clock that was set back must not make it wait for ever.
        let rest = Duration.milliseconds(timer.entry.dueAt - Timestamp.now.millisecondsSince1970)
        await Self.pause(min(max(rest, .zero), self.timeout))
        while true {
            if Task.isCancelled {
                await self.handOverEarly(timer)
                return
            }
            let outcome = await self.publish(self.message(timer, isEarly: false))
            if outcome == .confirmed { return self.forget(timer) }
            self.logger.warning("an init timer could not be handed over, trying again", metadata: ["outcome": .string("\(outcome)")])
            await Self.pause(backoff.next(using: &random))
        }
    }

    /// - Returns: whether the broker has it.
    @discardableResult
    private func handOverEarly(_ timer: Timer) async -> Bool {
        let outcome = await self.publish(self.message(timer, isEarly: true))
        if outcome == .confirmed {
            self.forget(timer)
            return true
        }
        let metadata: Logger.Metadata = ["outcome": .string("\(outcome)")]
        if timer.file == nil {
            self.logger.error("an init timer could not be handed over and is lost", metadata: metadata)
        } else {
            self.logger.warning("an init timer could not be handed over: it is armed again by the next worker on this disk", metadata: metadata)
        }
        return false
    }

    /// Handed over early it is only a look: no round is spent and nothing is late.
    private func message(_ timer: Timer, isEarly: Bool) -> OutgoingMessage {
        var verification = Verification(body: timer.entry.body, round: timer.entry.round, imagePullStartTime: timer.entry.imagePullStartTime)
        if isEarly { verification.round = max(0, verification.round - 1) }
        verification.isFromTimer = !isEarly
        return verification.outgoing(to: self.options.retryQueue, self.options)
    }

    private func forget(_ timer: Timer) {
        guard let file = timer.file else { return }
        // Left behind it fires once more, which is one look too many and does no harm.
        do throws(SpoolError) { try self.journal?.remove(file) } catch {
            self.logger.warning("an init timer that fired stays on disk", metadata: ["error": .string(error.description)])
        }
    }

    /// Ends early when cancelled, which here means "now".
    private static func pause(_ duration: Duration) async { try? await Task.sleep(for: duration) }
}
