/// How many attempts of a build were really used up, by faults that met this very build.
///
/// A fault that meets everybody (an outage) is no fault of the build: messages that are in flight when it begins may lose one
/// attempt, and no more.
struct Attempts {
    let limit: Int
    let outages: [ClosedRange<Double>]
    /// The simulator's rules that stand for an outage.
    let outageRules: Set<Int>

    init(_ evidence: Evidence) {
        self.limit = evidence.settings.reprocessLimit
        let faults = Dictionary(grouping: evidence.faults.filter(\.kind.isOutage), by: \.number)
        self.outages = faults.values.compactMap { records in
            guard let began = records.first(where: { $0.phase == .began })?.t else { return nil }
            return began...max(began, records.first { $0.phase == .over }?.t ?? evidence.end.ended)
        }
        self.outageRules = Set(evidence.faults.filter(\.kind.isOutage).compactMap(\.rule))
    }

    /// Whether this kind of request failed so often, for reasons of its own, that giving up was right.
    func areUsedUp(_ requests: [JournalRecord], by isOfKind: (JournalRecord) -> Bool) -> Bool {
        let failed = requests.filter { isOfKind($0) && self.hasFailed($0) }
        guard let first = failed.first, let last = failed.last else { return false }
        // Never answered requests take longer than the journal shows.
        let span = (first.t - 5)...(last.t + 5)
        return failed.count + self.outages.count { $0.overlaps(span) } > self.limit
    }

    private func hasFailed(_ request: JournalRecord) -> Bool {
        if let rule = request.rule, self.outageRules.contains(rule) { return false }
        guard let status = request.status, request.isAnsweredWhole else { return true }
        return status >= 400 && status != 404 && status != 409
    }
}
