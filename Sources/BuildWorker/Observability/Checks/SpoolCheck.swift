/// Judges what lies in the spool's queue directories.
public struct SpoolCheck: Sendable {
    /// Of the jobs in `new`, and of those in `cur`, of each kind.
    public var depth = Thresholds(warning: AlertRange(above: 50), critical: AlertRange(above: 100))
    /// Of the job that has been due for the longest time, in seconds. A job that waits for its next attempt is not due.
    public var age = Thresholds(warning: AlertRange(above: 900))
    /// Of the jobs that were given up, of each kind. Somebody has to look at them.
    public var dead = Thresholds(critical: AlertRange(above: 0))

    public init() {}

    public func judge(_ census: SpoolCensus, now: Timestamp) -> CheckResult {
        let kinds = census.kinds
        func sum(_ count: KeyPath<SpoolCensus.Kind, Int>) -> Int { kinds.reduce(0) { $0 + $1[keyPath: count] } }
        var result = CheckResult(
            summary: kinds.isEmpty ? "nothing was ever spooled" : "\(sum(\.new)) waiting, \(sum(\.current)) in hand, \(sum(\.dead)) dead")
        for kind in kinds {
            result.measure(CheckFigure("\(kind.name)_dead", Double(kind.dead), .count, self.dead), "\(kind.dead) dead in \(kind.name): 'worker spool list' says why")
            result.measure(CheckFigure("\(kind.name)_new", Double(kind.new), .count, self.depth), "\(kind.new) waiting in \(kind.name)")
            result.measure(CheckFigure("\(kind.name)_cur", Double(kind.current), .count, self.depth), "\(kind.current) in hand in \(kind.name)")
            // Tenths are enough for people.
            let age = kind.oldestDue.map { Double(max(0, now.millisecondsSince1970 - $0) / 100) / 10 } ?? 0
            result.measure(CheckFigure("\(kind.name)_oldest", age, .seconds, self.age), "the oldest in \(kind.name) has been due for \(age.plainText) s")
        }
        return result
    }
}
