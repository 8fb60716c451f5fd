internal import Synchronization

/// Messages that were being handled when a worker ended without warning, and how often.
///
/// Whoever was alone then did it; of many, one may have. So suspects are handled alone, which clears the innocent and
/// convicts the rest. Kept in a file beside the ledger, rewritten when a verdict changes: seldom.
final class Suspects: Sendable {
    struct Record: Hashable, Sendable {
        /// Workers that ended while they handled it.
        var crashes = 0
        var custody = Custody.none
    }

    /// What was done with a convicted message.
    enum Custody: String, Hashable, Sendable {
        /// → `parked`
        case none = "at-large"
        /// It is in the parked queue; its build may not know yet. → `unreportable`
        case parked
        /// Telling its build ended the worker too.
        case unreportable
    }

    enum Verdict: Hashable, Sendable {
        case none
        /// It may be to blame: handle it with nothing else going on.
        case suspect
        /// It is to blame: park it, fail its build.
        case convicted(crashes: Int, Custody)
    }

    /// Crashes that convict.
    static let limit = 3
    /// Redeliveries without a known cause that make a suspect where no ledger survived.
    static let redeliveriesOfASuspect = 2

    private let path: String
    private let hasHistory: Bool
    private let records: Mutex<[MessageKey: Record]>

    /// - Parameters:
    ///   - survivors: of the ledger that was found; `nil` when there was none, so that nothing is known of crashes before.
    /// - Throws: where they cannot be read.
    init(_ path: String, survivors: [InFlightLedger.Entry]?) throws(SpoolError) {
        var records = Self.parse(try SpoolFile.read(path) ?? [])
        Self.charge(survivors ?? [], to: &records)
        (self.path, self.hasHistory) = (path, survivors != nil)
        self.records = Mutex(records)
    }

    /// Call it once before the ledger begins anew. Where the disk is full they are known to this process only.
    func save() throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in try Self.save(records, to: self.path) }
    }

    static func charge(_ survivors: [InFlightLedger.Entry], to records: inout [MessageKey: Record]) {
        let lonely = survivors.filter { $0.step == .alone }
        // One crash counts once, however many of the same there were.
        for entry in Set(lonely.isEmpty ? survivors.filter { $0.step == .handled } : lonely) {
            var record = records[entry.key] ?? Record()
            record.crashes += 1
            if record.custody == .parked { record.custody = .unreportable }
            records[entry.key] = record
        }
    }

    var keys: [MessageKey] { self.records.withLock { $0.keys.sorted { $0.description < $1.description } } }

    var count: Int { self.records.withLock { $0.count } }

    /// - Parameters:
    ///   - redeliveries: deliveries before this one that nobody settled and that no lost connection explains.
    ///   - isFirst: no other message before it had as many since this process began. The one that killed was at the head of those
    ///     in hand, for those before it were handled alone and are done; those behind it were only there.
    func verdict(_ key: MessageKey, redeliveries: Int, isFirst: Bool) -> Verdict {
        let record = self.records.withLock { $0.isEmpty ? nil : $0[key] }
        return Self.verdict(record, redeliveries: redeliveries, isFirst: isFirst, hasHistory: self.hasHistory)
    }

    static func verdict(_ record: Record?, redeliveries: Int, isFirst: Bool, hasHistory: Bool) -> Verdict {
        let crashes = record?.crashes ?? 0
        // Brokers and networks cause redeliveries as well, so they convict only where there is nothing better to go by.
        let isConvictedByBroker = redeliveries >= Self.limit && !hasHistory && isFirst
        if crashes >= Self.limit || isConvictedByBroker || record.map({ $0.custody != .none }) == true {
            return .convicted(crashes: max(crashes, isConvictedByBroker ? redeliveries : 0), record?.custody ?? .none)
        }
        return crashes > 0 || redeliveries >= Self.redeliveriesOfASuspect ? .suspect : .none
    }

    /// It was handled to its end, and nothing happened.
    func clear(_ key: MessageKey) throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in
            guard records.removeValue(forKey: key) != nil else { return }
            try Self.save(records, to: self.path)
        }
    }

    /// It is in the parked queue: what is left is to tell its build.
    func markParked(_ key: MessageKey, crashes: Int) throws(SpoolError) {
        try self.records.withLock { records throws(SpoolError) in
            records[key, default: Record(crashes: crashes)].custody = .parked
            try Self.save(records, to: self.path)
        }
    }

    // MARK: The file

    private static func parse(_ bytes: [UInt8]) -> [MessageKey: Record] {
        var records: [MessageKey: Record] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 3, let crashes = Int(fields[1]), let custody = Custody(rawValue: String(fields[2])) else { continue }
            records[MessageKey(fields[0])] = Record(crashes: crashes, custody: custody)
        }
        return records
    }

    private static func save(_ records: [MessageKey: Record], to path: String) throws(SpoolError) {
        guard !records.isEmpty else { return try SpoolFile.remove(path) }
        let lines = records.sorted { $0.key.description < $1.key.description }.map { key, record in
            "\(key) \(record.crashes) \(record.custody.rawValue)\n"
        }
        try SpoolFile.replace(path, with: Array(lines.joined().utf8))
    }
}
