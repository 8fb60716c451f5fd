internal import Synchronization
package import Workflow

/// Messages that were being handled when a worker ended without warning, how often, and at which step.
///
/// Of many that were there one may have done it, or what they asked: so suspects are handled alone. A death alone while it was read is
/// evidence about the message; one at a step that asks others is evidence only when others survive that step and the same message dies
/// there again. Else nobody is to blame, and the worker is in a ``CrashLoop``. Kept in a file beside the ledger, rewritten when something
/// changes: seldom.
package final class Suspects: Sendable {
    package struct Record: Hashable, Sendable {
        /// Workers that ended while they handled it.
        var crashes = 0
        var custody = Custody.none
        /// Of those, the ones that handled nothing else, by step.
        var deaths: [HandlingStep: Deaths] = [:]
        /// Since it died last, it was put behind all that waits in its queue.
        var isSetAside = false
    }

    /// Deaths alone at one step.
    struct Deaths: Hashable, Sendable {
        var count = 0
        /// Since anybody got past that step. Reading concerns the message alone: always 0.
        var open = 0
        /// Other messages that got past it since, in a row; 0 again when another one dies there. Counted up to ``Suspects/survivors``.
        var survivors = 0
        /// It died there once more after enough others had survived.
        var isProof = false
    }

    package typealias Verdict = QuarantineVerdict
    typealias Custody = QuarantineVerdict.Custody

    /// Crashes that convict, with evidence.
    static let limit = 3
    /// Deaths at reading that are evidence: one may be chance.
    static let deathsAtReading = 2
    /// Others that have to get past a step between two deaths there. One would do if peers were either well or not.
    static let survivors = 3
    /// Of the broker's count. Lost connections are counted, too, but one that is in flight at two of them is rare.
    static let redeliveriesOfASuspect = 2

    private let path: String
    private let hasHistory: Bool
    private let records: Mutex<[MessageKey: Record]>

    /// - Parameter survivors: of the ledger that was found; `nil` when there was none, so that nothing is known of crashes before.
    /// - Throws: where they cannot be read.
    package init(_ path: String, survivors: [InFlightLedger.Entry]?) throws(SpoolError) {
        var records = Self.parse(try SpoolFile.read(path) ?? [])
        Self.charge(survivors ?? [], to: &records)
        (self.path, self.hasHistory) = (path, survivors != nil)
        self.records = Mutex(records)
    }

    /// Call it once before the ledger begins anew. Where the disk is full they are known to this process only.
    package func save() throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in try Self.save(records, to: self.path) }
    }

    static func charge(_ survivors: [InFlightLedger.Entry], to records: inout [MessageKey: Record]) {
        let lonely = survivors.filter(\.step.isAlone)
        // One crash counts once, however many of the same there were.
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

    /// - Parameter redeliveries: deliveries before this one that nobody settled.
    package func verdict(_ key: MessageKey, redeliveries: Int) -> Verdict {
        let (record, isLoop) = self.records.withLock {
            $0.isEmpty ? (nil, false) : ($0[key], CrashLoop($0.values) != nil)
        }
        return Self.verdict(record, redeliveries: redeliveries, isLoop: isLoop)
    }

    /// The broker's count is no evidence: brokers, networks and other workers cause redeliveries as well.
    package static func verdict(_ record: Record?, redeliveries: Int, isLoop: Bool) -> Verdict {
        if let record, record.isQuarantined { return .quarantined(crashes: record.crashes, record.custody) }
        return record != nil || isLoop || redeliveries >= Self.redeliveriesOfASuspect ? .suspected : .none
    }

    /// How long a suspect, or whoever comes in a crash loop, has to wait. A ledger knows better than the broker who was only there.
    package func delay(_ key: MessageKey, redeliveries: Int) -> CrashDelay {
        self.records.withLock {
            CrashDelay(
                $0[key], redeliveries: self.hasHistory ? 0 : redeliveries, loop: $0.isEmpty ? nil : CrashLoop($0.values)
            )
        }
    }

    /// Somebody died alone at this step.
    package func watches(_ step: HandlingStep) -> Bool {
        self.records.withLock { !$0.isEmpty && $0.contains { $0.value.deaths[step] != nil } }
    }

    /// A message got past this step, alone or among others.
    package func survived(_ step: HandlingStep, by key: MessageKey) throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in
            guard Self.noteSurvival(of: step, by: key, in: &records) else { return }
            try Self.save(records, to: self.path)
        }
    }

    /// - Returns: whether that is news.
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

    /// It was handled to its end, and nothing happened.
    package func clear(_ key: MessageKey) throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in
            guard records.removeValue(forKey: key) != nil else { return }
            try Self.save(records, to: self.path)
        }
    }

    /// It is in the parked queue: what is left is to tell its build.
    package func markParked(_ key: MessageKey, crashes: Int) throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in
            records[key, default: Record(crashes: crashes)].custody = .parked
            try Self.save(records, to: self.path)
        }
    }

    /// - Returns: `false`: it was already, since it died last. Of one that only the broker suspects the count then begins anew.
    package func setAside(_ key: MessageKey) throws(SpoolError) -> Bool {
        try self.records.withLock { records throws(SpoolError) in
            guard let record = records[key], !record.isSetAside else { return records[key] == nil }
            // That is a way to die, too.
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
    /// Alone. Call it after the crash was counted.
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
        // Explained; what happens while it is parked and its build is told has to be explained anew.
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
