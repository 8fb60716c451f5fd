internal import Logging
internal import RabbitMQ
internal import ServiceLifecycle
internal import Spool
internal import Support
internal import Synchronization
internal import Workflow

/// Isolates messages that crash the worker: records deliveries in flight on disk, processes suspected messages
/// exclusively and quarantined ones not at all.
package final class Quarantine: Sendable {
    private let ledger: InFlightLedger?
    private let suspects: Suspects?
    private let lock = AsyncReadWriteLock()
    private let logger: Logger
    private let health: Health
    /// Maximum deliveries in flight per queue.
    private let prefetch: Int
    private let last = Mutex<[String: Int]>([:])
    private let isFull = Atomic<Bool>(false)
    private let start: ContinuousClock.Instant
    private let clock: QuarantineClock

    /// - Parameter spool: `nil`: nothing survives the process except the broker's counts.
    init(
        _ spool: SpoolDirectory?, prefetch: Int, queues: Int = 1, health: Health, logger: Logger,
        clock: QuarantineClock = QuarantineClock()
    ) {
        (self.health, self.prefetch, self.logger, self.clock, self.start) = (
            health, prefetch, logger, clock, clock.now()
        )
        var (ledger, suspects): (InFlightLedger?, Suspects?)
        do throws(SpoolError) {
            if let spool {
                let path = "\(spool.path)/inflight"
                // In this order: a crash in between must not lose the evidence.
                suspects = try Suspects("\(spool.path)/suspects", survivors: try InFlightLedger.survivors(path))
                try suspects?.save()
                ledger = try InFlightLedger(path, capacity: prefetch * queues)
            }
        } catch {
            logger.error(
                "cannot record deliveries in flight: a message that crashes the worker is known by the broker's count only",
                metadata: ["error": .string(error.description)])
        }
        (self.ledger, self.suspects) = (ledger, suspects)
        guard let suspects, suspects.count > 0 else { return }
        logger.warning(
            "unclean shutdown of an earlier worker: its deliveries in flight are processed one by one",
            metadata: ["messages": .stringConvertible(suspects.count)])
        if let loop = suspects.crashLoop {
            logger.error(
                "\(loop)", metadata: ["crashes": .stringConvertible(loop.crashes), "step": .string(loop.step.rawValue)])
        }
        health.crashLoop(suspects.crashLoop)
    }

    /// Messages in flight when an earlier worker crashed, not cleared yet.
    var suspectMessages: [MessageKey] { self.suspects?.keys ?? [] }

    var crashLoop: CrashLoop? { self.suspects?.crashLoop }

    func verdict(_ key: MessageKey, _ delivery: Delivery) -> QuarantineVerdict {
        let headers = delivery.properties.headers
        // A retry by an operator starts with a clean record.
        if headers[Header.parkedHistory] != nil, headers[Header.earlierAttempts] == nil, !delivery.isRedelivered {
            self.clear(key)
        }
        let verdict =
            self.suspects?.verdict(key, redeliveries: delivery.redeliveries)
            ?? Suspects.verdict(nil, redeliveries: delivery.redeliveries, isLoop: false)
        guard let crashes = headers[Header.poisonCrashes]?.integer, crashes > 0 else { return verdict }
        switch verdict {
        case .quarantined(_, .unreportable), .quarantined(_, .parked): return verdict
        case .none, .suspected, .quarantined: return .quarantined(crashes: crashes, .saidToBeParked)
        }
    }

    /// A recorded delivery that may be processed. Finish with ``Quarantine/leave(_:)``.
    struct Record: Sendable {
        fileprivate let key: MessageKey
        fileprivate let line: InFlightLedger.Place?
        /// `nil`: never exclusive.
        fileprivate let solitude: Solitude?
    }

    /// A period of exclusive processing, which ends once.
    fileprivate final class Solitude: Sendable {
        private let state = Mutex<(isOver: Bool, timer: Task<Void, Never>?)>((false, nil))
        var lasts: Bool { self.state.withLock { !$0.isOver } }
        /// - Parameter timer: cancelled when the period ends.
        func begin(_ timer: Task<Void, Never>) { self.state.withLock { $0.timer = timer } }
        func end() -> Bool {
            self.state.withLock { state in
                state.timer?.cancel()
                defer { state = (true, nil) }
                return !state.isOver
            }
        }
    }

    // MARK: Shared

    /// Call in order of arrival.
    func join(_ key: MessageKey) -> Record { self.enter(key, .amongOthers) }

    /// A delivery is processed exclusively, or waits to be.
    var isClosed: Bool { self.lock.isClosed }

    /// A crash while it waits is not attributed to it.
    func waits(_ record: Record, _ isWaiting: Bool = true) { self.write(isWaiting ? .waiting : .amongOthers, record) }

    /// Waits while a suspected message is processed. Call ``leaveShared()`` afterwards.
    func enterShared() async { await self.lock.enterShared() }
    func leaveShared() { self.lock.leave() }

    // MARK: Exclusive

    /// A suspected message's position in the queue for exclusive processing.
    struct Place: Sendable {
        fileprivate let key: MessageKey
        fileprivate let queue: String
        fileprivate let redeliveries: Int
        fileprivate let arrival: ContinuousClock.Instant
        fileprivate let luck = Double.random(in: 0.5...1)
        /// `nil`: it joins at the end once its delay is over.
        fileprivate var turn: OneShotSignal?
        /// Deferred messages fill the whole prefetch and block all others.
        fileprivate(set) var isInTheWay = false
    }

    /// Reserves a position; call in order of arrival, release with ``leave(_:)``. Later deliveries wait, except if it
    /// crashed alone before: then they go first, as witnesses at the same step.
    func joinAlone(_ key: MessageKey, _ delivery: Delivery) -> Place {
        var place = Place(
            key: key, queue: delivery.queue, redeliveries: delivery.redeliveries, arrival: self.clock.now())
        if self.delay(place).isLast {
            place.isInTheWay = self.countLast(delivery.queue, 1) >= self.prefetch
        } else {
            place.turn = self.lock.joinExclusive()
        }
        return place
    }

    private func countLast(_ queue: String, _ difference: Int) -> Int {
        self.last.withLock { last in
            last[queue, default: 0] += difference
            return last[queue, default: 0]
        }
    }

    func leave(_ place: Place) { if place.turn == nil { _ = self.countLast(place.queue, -1) } }

    /// Waits for exclusive access, which ends with ``leave(_:)`` or after ``QuarantineClock/longestAlone``.
    ///
    /// - Parameter isDue: skips the delay.
    /// - Returns: `nil` if the worker drains first: the broker requeues the message.
    func enterAlone(_ place: Place, isDue: Bool) async -> Record? {
        if place.turn == nil, !isDue { guard await self.waitOut(place) else { return nil } }
        await (place.turn ?? self.lock.joinExclusive()).wait()
        if !isDue, await !self.waitOut(place) {
            self.lock.leave()
            return nil
        }
        let solitude = Solitude()
        let record = self.enter(place.key, .reading, solitude)
        if !isDue {
            self.logger.warning(
                "processing in isolation after an unclean shutdown", metadata: ["messageKey": .string("\(place.key)")])
        }
        solitude.begin(
            Task {
                // A draining worker admits no further deliveries.
                guard await self.clock.sleep(self.clock.longestAlone), solitude.end() else { return }
                self.write(.amongOthers, record)
                self.logger.warning(
                    "a suspected message takes long; others are processed meanwhile",
                    metadata: ["messageKey": .string("\(record.key)")])
                self.lock.leave()
            })
        return record
    }

    private func delay(_ place: Place) -> CrashDelay {
        self.suspects?.delay(place.key, redeliveries: place.redeliveries)
            ?? CrashDelay(nil, redeliveries: place.redeliveries, loop: nil)
    }

    private func waitOut(_ place: Place) async -> Bool {
        while true {
            let delay = self.delay(place)
            let due = max(
                self.start + delay.sinceStart * (delay.isByChance ? place.luck : 1), place.arrival + delay.sinceArrival)
            let rest = due - self.clock.now()
            guard rest > .zero else { return true }
            // Another delivery may get past the step meanwhile, which ends the delay.
            guard await self.clock.sleep(min(rest, .seconds(1))) else { return false }
        }
    }

    // MARK: Ledger

    /// Removes the record: the message is settled, or goes back to its queue.
    func leave(_ record: Record) {
        if let line = record.line { self.ledger?.leave(line) }
        if record.solitude?.end() == true { self.lock.leave() }
    }

    func begins(_ step: HandlingStep, _ record: Record) {
        if record.solitude?.lasts == true { self.write(step, record) }
    }

    private func write(_ step: HandlingStep, _ record: Record) {
        if let line = record.line { self.ledger?.update(line, record.key, step) }
    }

    /// Leaves the HTTP event loop only if there is something to write.
    ///
    /// - Returns: whether anything changed.
    func persist(_ change: QuarantineChange, _ key: MessageKey, _ place: Place?) async -> Bool {
        switch change {
        case .setAside:
            guard place?.isInTheWay == true else { return false }
            var isNews = self.suspects == nil
            self.note { () throws(SpoolError) in isNews = try self.suspects?.setAside(key) ?? isNews }
            return isNews
        case .survived(let step):
            guard let suspects, suspects.watches(step) else { return false }
            await withTaskExecutorPreference(globalConcurrentExecutor) {
                let wasLoop = suspects.crashLoop != nil
                self.note { () throws(SpoolError) in try suspects.survived(step, by: key) }
                self.health.crashLoop(suspects.crashLoop)
                if wasLoop, suspects.crashLoop == nil {
                    self.logger.notice("the crash loop is over: '\(step.rawValue)' ended well")
                }
            }
            return true
        case .parked(let crashes):
            self.note { () throws(SpoolError) in try self.suspects?.markParked(key, crashes: crashes) }
            return true
        case .cleared:
            self.clear(key)
            return true
        }
    }

    private func clear(_ key: MessageKey) {
        self.note { () throws(SpoolError) in try self.suspects?.clear(key) }
        self.health.crashLoop(self.suspects?.crashLoop)
    }

    private func enter(_ key: MessageKey, _ step: HandlingStep, _ solitude: Solitude? = nil) -> Record {
        let line = self.ledger?.enter(key, step)
        if self.ledger != nil, line == nil, !self.isFull.exchange(true, ordering: .relaxed) {
            self.logger.error("the ledger of deliveries in flight cannot grow: disk full. Continuing without")
        }
        return Record(key: key, line: line, solitude: solitude)
    }

    private func note(_ write: () throws(SpoolError) -> Void) {
        do throws(SpoolError) { try write() } catch {
            self.logger.error(
                "cannot persist quarantine state; continuing", metadata: ["error": .string(error.description)])
        }
    }
}

struct QuarantineClock: Sendable {
    /// Many times a normal delivery's duration. A slower one must not block the others.
    var longestAlone = Duration.seconds(30)
    var now: @Sendable () -> ContinuousClock.Instant = { .now }
    /// Returns `false` at once when the worker drains or stops.
    var sleep: @Sendable (Duration) async -> Bool = { duration in
        do { try await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) } } catch { return false }
        return !Task.isShuttingDownGracefully
    }
}
