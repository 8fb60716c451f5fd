internal import Clients
internal import Logging
internal import RabbitMQ
internal import ServiceLifecycle
internal import Spool
internal import Support
internal import Synchronization
internal import Workflow

/// Verifications that the broker cannot hold, in memory and on disk: init timers without an init queue. Without a
/// usable retry queue, what they trigger is also processed here like a delivery.
final class LocalVerifications: Service {
    private struct Kept {
        let entry: TimerJournal.Entry
        /// `nil`: in memory only.
        let file: String?
        let build: BuildID

        init(entry: TimerJournal.Entry, file: String?) {
            (self.entry, self.file, self.build) = (entry, file, entry.build)
        }
    }

    private struct Deliveries {
        /// Due, but held back because enough are in flight.
        var due: ArraySlice<Kept> = []
        var inFlight: [UInt64: Kept] = [:]
        var lastNumber: UInt64 = 0
    }

    private let options: RabbitMQOptions
    /// `nil`: there is no disk.
    private let journal: TimerJournal?
    private let publish: @Sendable (OutgoingMessage) async -> PublishOutcome
    /// Whether messages in the retry queue are consumed.
    private let isRetryQueueUsable: @Sendable () -> Bool
    private let logger: Logger
    private let kept: AsyncStream<Kept>
    private let feed: AsyncStream<Kept>.Continuation
    /// Due verifications to process here, at most one prefetch unsettled. Ends after ``endDeliveries()``.
    let deliveries: AsyncStream<Delivery>
    private let deliveryFeed: AsyncStream<Delivery>.Continuation
    private let given = Mutex(Deliveries())
    /// Number of verifications kept here, by build.
    private let builds = Mutex<[BuildID: Int]>([:])
    private let clock: any MonotonicClock

    init(
        _ options: RabbitMQOptions, journal: TimerJournal?, clock: any MonotonicClock, logger: Logger,
        isRetryQueueUsable: @escaping @Sendable () -> Bool,
        publish: @escaping @Sendable (OutgoingMessage) async -> PublishOutcome
    ) {
        self.options = options
        self.journal = journal
        self.clock = clock
        self.logger = logger
        self.publish = publish
        self.isRetryQueueUsable = { options.retryQueueEnabled && isRetryQueueUsable() }
        (self.kept, self.feed) = AsyncStream.makeStream()
        (self.deliveries, self.deliveryFeed) = AsyncStream.makeStream()
    }

    /// Verifications neither handed over nor settled.
    var count: Int { self.builds.withLock { $0.values.reduce(0, +) } }

    /// Whether the broker can deliver verifications. If not, publishing them would lose them.
    var brokerCanVerify: Bool { self.isRetryQueueUsable() }

    func isKept(_ build: BuildID) -> Bool { self.builds.withLock { $0[build] != nil } }

    /// Loads timers of earlier workers. Call once before ``run()``; overdue ones fire there at once.
    func rearm() async {
        guard let journal else { return }
        do {
            var problems: [SpoolError] = []
            for (name, entry) in try await OwnThread.run({ try journal.entries() }) {
                switch entry {
                case .success(let entry): self.arm(Kept(entry: entry, file: name))
                case .failure(let error): problems.append(error)
                }
            }
            // One line for all: there may be thousands.
            if let first = problems.first {
                self.logger.error(
                    "init timers on disk cannot be read; their files are left for you",
                    metadata: ["files": .stringConvertible(problems.count), "error": .string(first.description)])
            }
            if self.count > 0 {
                self.logger.notice(
                    "init timers of an earlier run are armed again",
                    metadata: ["timers": .stringConvertible(self.count)])
            }
        } catch {
            self.logger.error("the init timers on disk cannot be read", metadata: ["error": .string("\(error)")])
        }
    }

    /// - Returns: the error if it could not be written; then it is not kept.
    func keep(_ verification: Verification, for time: Duration) async -> Outcome {
        let properties = verification.properties
        return await self.keep(
            TimerJournal.Entry(
                dueAt: Self.milliseconds(after: time), headers: properties.headers, body: verification.body))
    }

    /// Keeps a local delivery for another attempt, after the wait queue's delay. The old entry goes when settled.
    func postpone(_ delivery: Delivery, headers: AMQPTable) async -> PublishResult {
        let entry = TimerJournal.Entry(
            dueAt: Self.milliseconds(after: self.options.retryDelay), headers: headers, body: delivery.body)
        return await self.keep(entry) == .done ? .confirmed : .unconfirmed
    }

    private func keep(_ entry: TimerJournal.Entry) async -> Outcome {
        do {
            // Blocks on the disk.
            let file = try await OwnThread.run { [journal] in try journal?.write(entry) }
            self.arm(Kept(entry: entry, file: file))
            return .done
        } catch { return .failed(Problem(.worker, "\(error)")) }
    }

    private func arm(_ kept: Kept) {
        self.count(kept, 1)
        self.feed.yield(kept)
    }

    private func count(_ kept: Kept, _ difference: Int) {
        self.builds.withLock { builds in
            let count = builds[kept.build, default: 0] + difference
            builds[kept.build] = count == 0 ? nil : count
        }
    }

    /// Ends local processing; what fires afterwards is handed over when ``run()`` ends.
    func endDeliveries() { self.deliveryFeed.finish() }

    /// Fires timers until shutdown, then hands over what the broker can hold; the rest stays on disk.
    func run() async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await kept in self.kept { group.addTask { await self.fire(kept) } }
                // Wakes sleeping timers, which then hand over.
                group.cancelAll()
            }
        } onCancelOrGracefulShutdown: {
            self.feed.finish()
        }
        let left = self.given.withLock { given in
            defer { given = Deliveries() }
            return given.due + given.inFlight.values
        }
        for kept in left { await self.handOverEarly(kept) }
    }

    private func fire(_ kept: Kept) async {
        var backoff = Backoff(first: .seconds(1), limit: .seconds(60))
        var random = SystemRandomNumberGenerator()
        // Bounded: a clock that is set back must not extend the wait for ever.
        let rest = Duration.milliseconds(kept.entry.dueAt - Timestamp.now.millisecondsSince1970)
        _ = await self.clock.pause(min(max(rest, .zero), max(self.options.initTimeout, self.options.retryDelay)))
        while !Task.isCancelled {
            guard self.isRetryQueueUsable() else { return self.deliver(kept) }
            switch await self.publish(kept.entry.outgoing(self.options, isEarly: false)) {
            case .confirmed:
                self.forget(kept.file)
                return self.count(kept, -1)
            case .returned, .refused: return self.deliver(kept)
            case .nacked, .unconfirmed, .unsendable:
                self.logger.warning("an init timer could not be published, trying again")
                _ = await self.clock.pause(backoff.next(using: &random))
            }
        }
        await self.handOverEarly(kept)
        self.count(kept, -1)
    }

    /// - Returns: whether the broker has it.
    @discardableResult
    private func handOverEarly(_ kept: Kept) async -> Bool {
        if self.isRetryQueueUsable(), await self.publish(kept.entry.outgoing(self.options, isEarly: true)) == .confirmed
        {
            self.forget(kept.file)
            return true
        }
        if kept.file == nil {
            self.logger.error(
                "an init timer is lost with this worker, which has no disk for it",
                metadata: ["buildId": .stringConvertible(kept.build.rawValue)])
        } else {
            self.logger.notice(
                "an init timer stays on disk: the next worker there arms it again",
                metadata: ["buildId": .stringConvertible(kept.build.rawValue)])
        }
        return false
    }

    private func forget(_ file: String?) {
        guard let file else { return }
        // A leftover file fires once more: a superfluous pod read without harm.
        do throws(SpoolError) { try self.journal?.remove(file) } catch {
            self.logger.warning(
                "an init timer that fired stays on disk", metadata: ["error": .string(error.description)])
        }
    }

    // MARK: Local deliveries

    private func deliver(_ kept: Kept) {
        self.given.withLock { $0.due.append(kept) }
        self.giveOut()
    }

    private func giveOut() {
        self.given.withLock { given in
            while given.inFlight.count < self.options.prefetchCount, let kept = given.due.popFirst() {
                given.lastNumber += 1
                given.inFlight[given.lastNumber] = kept
                self.deliveryFeed.yield(
                    Delivery(
                        tag: .ofThisProcess(given.lastNumber), queue: self.options.retryQueue, isRedelivered: false,
                        properties: kept.entry.outgoing(self.options, isEarly: false).properties, body: kept.entry.body)
                )
            }
        }
    }

    /// Like the broker: a rejected delivery comes back after a delay with one more attempt.
    func settle(_ tag: DeliveryTag, as settlement: Settlement) async {
        guard let kept = self.given.withLock({ $0.inFlight.removeValue(forKey: tag.number) }) else { return }
        var file = kept.file
        if settlement == .nack {
            var entry = kept.entry
            entry.dueAt = Self.milliseconds(after: self.options.retryDelay)
            entry.headers[Header.earlierAttempts] = .int64(
                Int64((entry.headers[Header.earlierAttempts]?.integer ?? 0) + 1))
            entry.headers[Header.initTimer] = nil
            if case .failed = await self.keep(entry) {
                // The disk is full: the old file still holds it.
                file = nil
                self.arm(Kept(entry: entry, file: kept.file))
            }
        }
        self.forget(file)
        self.count(kept, -1)
        self.giveOut()
    }

    private static func milliseconds(after time: Duration) -> Int {
        Timestamp.now.millisecondsSince1970 + Int(time / .milliseconds(1))
    }
}

extension TimerJournal.Entry {
    /// The message concerned a build when it was kept.
    fileprivate var build: BuildID {
        do throws(BuildMessageError) {
            return try BuildMessage(decoding: self.body).build?.buildID ?? BuildID(rawValue: 0)
        } catch { return BuildID(rawValue: 0) }
    }

    /// - Parameter isEarly: a pod read before the timeout: no round is counted and nothing is late.
    fileprivate func outgoing(_ options: RabbitMQOptions, isEarly: Bool) -> OutgoingMessage {
        var message = Verification(body: self.body, headers: self.headers).outgoing(to: options.retryQueue, options)
        if isEarly {
            message.properties.headers[Header.initRound] = .int64(
                Int64(max(0, (self.headers[Header.initRound]?.integer ?? 0) - 1)))
            message.properties.headers[Header.initTimer] = nil
        }
        return message
    }
}
