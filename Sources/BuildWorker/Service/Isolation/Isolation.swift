internal import Logging
internal import Synchronization

/// Keeps a message that kills from taking its neighbours down again and again: what is handled is on record, suspects are
/// handled alone, and who has killed too often is not handled any more.
final class Isolation: Sendable {
    private let ledger: InFlightLedger?
    private let suspects: Suspects?
    private let gate = Gate()
    private let logger: Logger
    private let isFull = Atomic<Bool>(false)
    /// A message came that was redelivered as often as convicts.
    private let hasSeenMany = Atomic<Bool>(false)

    /// - Parameters:
    ///   - spool: `nil`: nothing survives this process but what the broker counts.
    ///   - capacity: deliveries that may be in hand.
    init(_ spool: SpoolDirectory?, capacity: Int, logger: Logger) {
        self.logger = logger
        var (ledger, suspects): (InFlightLedger?, Suspects?)
        do throws(SpoolError) {
            if let spool {
                let path = "\(spool.path)/inflight"
                // In this order: a crash meanwhile must not cost the evidence.
                suspects = try Suspects("\(spool.path)/suspects", survivors: try InFlightLedger.survivors(path))
                try suspects?.save()
                ledger = try InFlightLedger(path, capacity: capacity)
            }
        } catch {
            logger.error(
                "what is in hand cannot be written down: a message that crashes the worker is known by the broker's count only",
                metadata: ["error": .string(error.description)])
        }
        (self.ledger, self.suspects) = (ledger, suspects)
        if let suspects, suspects.count > 0 {
            logger.warning(
                "a worker ended without warning here: what it had in hand is handled one by one", metadata: ["messages": .stringConvertible(suspects.count)])
        }
    }

    /// What was in hand when an earlier worker ended without warning, and is not cleared yet.
    var suspectMessages: [MessageKey] { self.suspects?.keys ?? [] }

    /// - Parameter explained: redeliveries that lost connections account for.
    func verdict(_ key: MessageKey, _ delivery: Delivery, explained: Int) -> Suspects.Verdict {
        let headers = delivery.properties.headers
        let count = headers["x-delivery-count"]?.integer ?? 0
        // An operator's retry begins with a clean record, whatever is left of an earlier one.
        if headers[Header.parkedHistory] != nil, headers[Header.earlierAttempts] == nil, !delivery.isRedelivered, count == 0 { self.clear(key) }
        let redeliveries = max(0, count - explained)
        let isFirst = redeliveries >= Suspects.limit && !self.hasSeenMany.exchange(true, ordering: .relaxed)
        let verdict =
            self.suspects?.verdict(key, redeliveries: redeliveries, isFirst: isFirst)
            ?? Suspects.verdict(nil, redeliveries: redeliveries, isFirst: isFirst, hasHistory: false)
        guard let crashes = headers[Header.poisonCrashes]?.integer else { return verdict }
        switch verdict {
        case .convicted(_, .unreportable): return verdict
        case .none, .suspect, .convicted: return .convicted(crashes: crashes, .parked)
        }
    }

    /// A delivery on record. Finish with ``Isolation/end(_:)``.
    struct Record: Sendable {
        fileprivate let key: MessageKey
        fileprivate let place: InFlightLedger.Place?
    }

    func begin(_ key: MessageKey) -> Record { self.enter(key, .handled) }

    func end(_ record: Record) { if let place = record.place { self.ledger?.leave(place) } }

    /// Handles it while others are handled, but not while a suspect is.
    ///
    /// - Parameters:
    ///   - turn: what it waits for before.
    ///   - limits: it waits for a place among those of its type too.
    func amongOthers<Result>(_ record: Record, after turn: Turn?, in limits: JobLimits, _ type: String, _ handle: () async -> Result) async -> Result {
        let hasToWait = self.gate.isClosed || limits.isFull(type) || turn.map { !$0.hasCome } ?? false
        if hasToWait, let place = record.place { self.ledger?.update(place, record.key, .waiting) }
        // First the turn, then the gate: who waits at the gate waits for nothing else, so a suspect's time comes.
        await turn?.wait()
        await limits.enter(type)
        defer { limits.leave(type) }
        await self.gate.enter()
        defer { self.gate.leave() }
        if hasToWait, let place = record.place { self.ledger?.update(place, record.key, .handled) }
        return await handle()
    }

    /// A suspect's place, to be taken in the order of arrival: the one that kills is then the first of those that came with it.
    /// Nothing that comes later is handled before ``alone(_:_:_:)`` is done with it.
    func joinAlone() -> Turn { self.gate.joinAlone() }

    /// Handles a suspect when nothing else is handled any more, and everything else after it.
    func alone<Result>(_ key: MessageKey, _ turn: Turn, _ handle: () async -> Result) async -> Result {
        await turn.wait()
        defer { self.gate.leave() }
        let record = self.enter(key, .alone)
        let result = await handle()
        self.end(record)
        return result
    }

    /// It is innocent, or done with.
    func clear(_ key: MessageKey) { self.note { () throws(SpoolError) in try self.suspects?.clear(key) } }

    func markParked(_ key: MessageKey, crashes: Int) { self.note { () throws(SpoolError) in try self.suspects?.markParked(key, crashes: crashes) } }

    private func enter(_ key: MessageKey, _ step: InFlightLedger.Step) -> Record {
        let place = self.ledger?.enter(key, step)
        if self.ledger != nil, place == nil, !self.isFull.exchange(true, ordering: .relaxed) {
            self.logger.error("the ledger of deliveries in hand cannot grow: its disk is full. The worker goes on without")
        }
        return Record(key: key, place: place)
    }

    private func note(_ write: () throws(SpoolError) -> Void) {
        do throws(SpoolError) { try write() } catch {
            self.logger.error("what is known of suspect messages cannot be written down; the worker goes on", metadata: ["error": .string(error.description)])
        }
    }
}
