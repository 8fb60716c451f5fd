import Foundation

/// Nothing is left lying about, and what nobody can read is where it belongs.
extension Checker {
    func queueViolations() -> [Violation] {
        var violations: [Violation] = []
        if let hangs = self.evidence.end.hangs { violations.append(Violation(.neverAtRest, hangs)) }
        for look in self.evidence.queues {
            let moment = look.isAfterWorkers ? "after the workers had ended" : "at the end"
            for queue in look.queues {
                let isParking = queue.name.hasSuffix(".parked")
                guard queue.unacked > 0 || (queue.ready > 0 && !isParking) else { continue }
                violations.append(
                    Violation(.leftInQueue, "\(queue.name) \(moment): \(queue.ready) ready, \(queue.unacked) unacked"))
            }
        }
        return violations
    }

    private var rubbish: [Data: Int] {
        self.evidence.published.reduce(into: [:]) { counts, record in
            if record.job == .rubbish, let body = record.body { counts[body, default: 0] += record.isConfirmed ? 1 : 0 }
        }
    }

    func parkedViolations() -> [Violation] {
        let rubbish = self.rubbish
        let parked = Set(self.evidence.parked.map(\.body))
        let strange = parked.filter { rubbish[$0] == nil }.map { body in
            Violation(
                .parkedWrongly,
                "a message of \(body.count) bytes is parked that is none of the unreadable ones: \(self.description(of: body))"
            )
        }
        // The original's layout has no parked queue: there they are dropped, with a line in the log.
        guard self.evidence.settings.layout != .upstream else { return strange }
        let missing = rubbish.keys.filter { !parked.contains($0) }
        return strange
            + missing.map { Violation(.notParked, "an unreadable message is nowhere: \(self.description(of: $0))") }
    }

    private func description(of body: Data) -> String { String(String(decoding: body, as: UTF8.self).prefix(120)) }

    /// Copies beyond those that were published: a crash between the confirm and the ack parks a message twice.
    var parkedAgain: Int {
        let rubbish = self.rubbish
        let copies = Dictionary(grouping: self.evidence.parked, by: \.body).mapValues(\.count)
        return copies.reduce(0) { $0 + max(0, $1.value - max(1, rubbish[$1.key] ?? 0)) }
    }
}
