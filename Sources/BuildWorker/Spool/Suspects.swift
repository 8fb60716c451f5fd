internal import Synchronization
package import Workflow

/// Messages that were in flight when a worker ended uncleanly: how often, and at which step.
///
/// Of many in flight, one message or a service it called may be the cause, so suspected messages are processed in
/// isolation. A crash in isolation while parsing is evidence against the message. A crash at a step with external calls
/// is evidence only if other messages survive that step and the same message crashes there again. Otherwise no message
/// is at fault, and the worker is in a ``CrashLoop``. Kept in a file next to the ledger, rewritten on the rare changes.
package final class Suspects: Sendable {
    package struct Record: Hashable, Sendable {
        /// Crashes while it was in flight.
        var crashes = 0
        var custody = Custody.none
        /// Crashes while it was processed in isolation, by step.
        var deaths: [HandlingStep: Deaths] = [:]
        /// Since its last crash it was moved to the end of its queue.
        var isSetAside = false
    }

    /// Crashes in isolation at one step.
    struct Deaths: Hashable, Sendable {
        var count = 0
        /// Crashes since any message passed that step. Always 0 for parsing, which concerns the message alone.
        var open = 0
        /// Other messages that passed it since, in a row; reset if another crashes. At most ``Suspects/survivors``.
        var survivors = 0
        /// It crashed there again after enough others had survived.
        var isProof = false
    }

    package typealias Verdict = QuarantineVerdict
    typealias Custody = QuarantineVerdict.Custody

    /// Crashes, with evidence, after which a message is quarantined.
    static let limit = 3
    /// Crashes while parsing that count as evidence: one may be chance.
    static let deathsAtReading = 2
    /// Other messages that must pass a step between two crashes there. One would do if services were either up or down.
    static let survivors = 3
    /// By the broker's count. Lost connections are counted, too, but two for the same message in flight are rare.
    static let redeliveriesOfASuspect = 2

    private let path: String
    private let hasHistory: Bool
    private let records: Mutex<[MessageKey: Record]>

    /// - Parameter survivors: entries of the ledger found; `nil`: there was none, so earlier crashes are unknown.
    /// - Throws: if the file cannot be read.
    package init(_ path: String, survivors: [InFlightLedger.Entry]?) throws(SpoolError) {
        var records = Self.parse(try SpoolFile.read(path) ?? [])
        Self.charge(survivors ?? [], to: &records)
        (self.path, self.hasHistory) = (path, survivors != nil)
        self.records = Mutex(records)
    }

    /// Call once before the new ledger is created. With a full disk the changes are known to this process only.
    package func save() throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in try Self.save(records, to: self.path) }
    }

    static func charge(_ survivors: [InFlightLedger.Entry], to records: inout [MessageKey: Record]) {
        let lonely = survivors.filter(\.step.isAlone)
        // A crash counts once per message, however many copies were in flight.
        for entry in Set(lonely.isEmpty ? survivors.filter { $0.step == .amongOthers } : lonely) {
            var record = records[entry.key] ?? Record()
            record.crashes += 1
            if entry.step.isAlone { record.die(at: entry.step) }
            for other in records.keys { records[other]?.deaths[entry.step]?.survivors = 0 }
            records[entry.key] = record
        }
    }

    package var keys: [MessageKey] { self.records.withLock { $0.keys.sorted { $0.description < $1.description } } }

    package var count: Int { self.records.withLock { $0.count } }

    package var crashLoop: CrashLoop? { self.records.withLock { CrashLoop($0.values) } }

    /// - Parameter redeliveries: earlier deliveries that were not settled.
    package func verdict(_ key: MessageKey, redeliveries: Int) -> Verdict {
        let (record, isLoop) = self.records.withLock {
            $0.isEmpty ? (nil, false) : ($0[key], CrashLoop($0.values) != nil)
        }
        return Self.verdict(record, redeliveries: redeliveries, isLoop: isLoop)
    }

    /// The broker's count is not evidence: brokers, networks and other workers cause redeliveries, too.
    package static func verdict(_ record: Record?, redeliveries: Int, isLoop: Bool) -> Verdict {
        if let record, record.isQuarantined { return .quarantined(crashes: record.crashes, record.custody) }
        return record != nil || isLoop || redeliveries >= Self.redeliveriesOfASuspect ? .suspected : .none
    }

    /// How long a suspected message, or any message in a crash loop, waits. The ledger is more precise than the broker.
    package func delay(_ key: MessageKey, redeliveries: Int) -> CrashDelay {
        self.records.withLock {
            CrashDelay(
                $0[key], redeliveries: self.hasHistory ? 0 : redeliveries, loop: $0.isEmpty ? nil : CrashLoop($0.values)
            )
        }
    }

    /// Whether a message crashed in isolation at this step.
    package func watches(_ step: HandlingStep) -> Bool {
        self.records.withLock { !$0.isEmpty && $0.contains { $0.value.deaths[step] != nil } }
    }

    /// Records that a message passed this step, in isolation or not.
    package func survived(_ step: HandlingStep, by key: MessageKey) throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in
            guard Self.noteSurvival(of: step, by: key, in: &records) else { return }
            try Self.save(records, to: self.path)
        }
    }

    /// - Returns: whether anything changed.
    static func noteSurvival(of step: HandlingStep, by key: MessageKey, in records: inout [MessageKey: Record]) -> Bool
    {
        var isNews = false
        for (other, record) in records {
            guard var deaths = record.deaths[step], other == key || deaths.open > 0 || deaths.survivors < Self.survivors
            else { continue }
            isNews = true
            deaths.open = 0
            deaths.survivors = min(deaths.survivors + 1, Self.survivors)
            records[other]?.deaths[step] = other == key ? nil : deaths
        }
        return isNews
    }

    /// Clears a message that was processed completely without a crash.
    package func clear(_ key: MessageKey) throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in
            guard records.removeValue(forKey: key) != nil else { return }
            try Self.save(records, to: self.path)
        }
    }

    /// Records that it is in the parked queue: its build still has to be updated.
    package func markParked(_ key: MessageKey, crashes: Int) throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in
            records[key, default: Record(crashes: crashes)].custody = .parked
            try Self.save(records, to: self.path)
        }
    }

    /// - Returns: `false`: already done since its last crash. If only the broker suspects it, its count then restarts.
    package func setAside(_ key: MessageKey) throws(SpoolError) -> Bool {
        try self.records.withLock { records throws(SpoolError) in
            guard let record = records[key], !record.isSetAside else { return records[key] == nil }
            // Setting aside may crash, too.
            guard record.deaths[.postpone] == nil else { return false }
            records[key]?.isSetAside = true
            try Self.save(records, to: self.path)
            return true
        }
    }

    // MARK: The file

    private static let aside: Substring = "aside"

    static func parse(_ bytes: [UInt8]) -> [MessageKey: Record] {
        var records: [MessageKey: Record] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 3, let crashes = Int(fields[1]), let custody = Custody(rawValue: String(fields[2]))
            else { continue }
            var record = Record(crashes: crashes, custody: custody, isSetAside: fields.contains(Self.aside))
            for field in fields.dropFirst(3) {
                let numbers = field.dropFirst().split(separator: ",").compactMap { Int($0) }
                guard let step = field.utf8.first.flatMap(HandlingStep.init(letter:)), numbers.count == 4 else {
                    continue
                }
                record.deaths[step] = Deaths(
                    count: numbers[0], open: numbers[1], survivors: numbers[2], isProof: numbers[3] == 1)
            }
            records[MessageKey(fields[0])] = record
        }
        return records
    }

    private static func save(_ records: [MessageKey: Record], to path: String) throws(SpoolError) {
        guard !records.isEmpty else { return try SpoolFile.remove(path) }
        let lines = records.sorted { $0.key.description < $1.key.description }.map { key, record in
            let deaths = record.deaths.sorted { $0.key.letter < $1.key.letter }.map { step, deaths in
                " \(Character(Unicode.Scalar(step.letter)))\(deaths.count),\(deaths.open),\(deaths.survivors),\(deaths.isProof ? 1 : 0)"
            }
            return
                "\(key) \(record.crashes) \(record.custody.rawValue)\(deaths.joined())\(record.isSetAside ? " \(Self.aside)" : "")\n"
        }
        try SpoolFile.replace(path, with: Array(lines.joined().utf8))
    }
}

extension Suspects.Record {
    /// Records a crash in isolation. Call after the crash was counted.
    fileprivate mutating func die(at step: HandlingStep) {
        let wasQuarantined = self.isQuarantined
        self.isSetAside = false
        var deaths = self.deaths[step] ?? Suspects.Deaths()
        deaths.count += 1
        if step == .reading {
            if self.custody == .parked { self.custody = .unreportable }
        } else {
            deaths.open += 1
            deaths.isProof = deaths.isProof || deaths.survivors >= Suspects.survivors
        }
        self.deaths[step] = deaths
        // Explained; a crash while it is parked and its build is updated has to be explained anew.
        if self.isQuarantined, !wasQuarantined { for step in self.deaths.keys { self.deaths[step]?.open = 0 } }
    }

    fileprivate var isQuarantined: Bool {
        guard self.custody == .none else { return true }
        return self.crashes >= Suspects.limit
            && self.deaths.contains { step, deaths in
                deaths.isProof || step == .reading && deaths.count >= Suspects.deathsAtReading
            }
    }
}
