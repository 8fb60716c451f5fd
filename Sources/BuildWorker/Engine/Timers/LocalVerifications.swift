internal import Clients
internal import Logging
internal import RabbitMQ
internal import ServiceLifecycle
internal import Spool
internal import Support
internal import Synchronization
internal import Workflow

/// Verifications that the broker cannot hold, kept in this process and written down, so that the next one on the same disk has them
/// again: init timers where there is no init queue; and where the retry queue cannot be used, also what comes when they fire, which is
/// then handled here like a delivery, until it is settled.
final class LocalVerifications: Service {
    private struct Kept {
        let entry: TimerJournal.Entry
        /// `nil`: it is nowhere but here.
        let file: String?
        let build: BuildID

        init(entry: TimerJournal.Entry, file: String?) {
            (self.entry, self.file, self.build) = (entry, file, entry.build)
        }
    }

    private struct Deliveries {
        /// Not given out yet, for enough are in flight.
        var due: ArraySlice<Kept> = []
        var inFlight: [UInt64: Kept] = [:]
        var lastNumber: UInt64 = 0
    }

    private let options: RabbitMQOptions
    /// `nil`: there is no disk for it.
    private let journal: TimerJournal?
    private let publish: @Sendable (OutgoingMessage) async -> PublishOutcome
    /// Whether somebody takes what is published to the retry queue.
    private let isRetryQueueUsable: @Sendable () -> Bool
    private let logger: Logger
    private let kept: AsyncStream<Kept>
    private let feed: AsyncStream<Kept>.Continuation
    /// What has fired and is to be handled here, at most a prefetch unsettled. Ends after ``endDeliveries()``.
    let deliveries: AsyncStream<Delivery>
    private let deliveryFeed: AsyncStream<Delivery>.Continuation
    private let given = Mutex(Deliveries())
    /// By build: those that are kept here.
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

    /// Those that are not handed over or settled.
    var count: Int { self.builds.withLock { $0.values.reduce(0, +) } }

    /// Whether the broker can verify. Where not, nothing is published for it: it would be published into nothing.
    var brokerCanVerify: Bool { self.isRetryQueueUsable() }

    func isKept(_ build: BuildID) -> Bool { self.builds.withLock { $0[build] != nil } }

    /// Reads those of a worker before this one, once, before ``run()``: what is overdue fires there at once.
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
            // In one line: somebody may have laid thousands there.
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

    /// - Returns: why it could not be written down; then it is not kept.
    func keep(_ verification: Verification, for time: Duration) async -> Outcome {
        let properties = verification.properties
        return await self.keep(
            TimerJournal.Entry(
                dueAt: Self.milliseconds(after: time), headers: properties.headers, body: verification.body))
    }

    /// Keeps a delivery of this process with other headers for another try, after the time that the broker's wait queue has; what it
    /// replaces goes when it is settled.
    func postpone(_ delivery: Delivery, headers: AMQPTable) async -> PublishResult {
        let entry = TimerJournal.Entry(
            dueAt: Self.milliseconds(after: self.options.retryDelay), headers: headers, body: delivery.body)
        return await self.keep(entry) == .done ? .confirmed : .unconfirmed
    }

    private func keep(_ entry: TimerJournal.Entry) async -> Outcome {
        do {
            // Waits for the disk.
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

    /// Nothing more is handled here; what fires from now on is handed over when ``run()`` ends.
    func endDeliveries() { self.deliveryFeed.finish() }

    /// Fires timers until the shutdown. Then hands over what the broker can take now, and leaves the rest on disk.
    func run() async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await kept in self.kept { group.addTask { await self.fire(kept) } }
                // Who sleeps wakes, and hands over at once.
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
        // A clock that was set back must not make it wait for ever.
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
        // Left behind it fires once more, which is one look too many and does no harm.
        do throws(SpoolError) { try self.journal?.remove(file) } catch {
            self.logger.warning(
                "an init timer that fired stays on disk", metadata: ["error": .string(error.description)])
        }
    }

    // MARK: Handled here

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

    /// As the broker would: what is rejected comes again after a wait, with an attempt more.
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
                // On a full disk the old file holds it.
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
    /// The message's; it was one of a build when it was kept.
    fileprivate var build: BuildID {
        do throws(BuildMessageError) {
            return try BuildMessage(decoding: self.body).build?.buildID ?? BuildID(rawValue: 0)
        } catch { return BuildID(rawValue: 0) }
    }

    /// - Parameter isEarly: it is only a look: no round is spent and nothing is late.
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
