/// The workers' own behaviour, and whether the evidence is whole.
extension Checker {
    func workerViolations() -> [Violation] {
        let ended = self.evidence.workers.compactMap { record -> Violation? in
            let code = record.code.map { "exit code \($0)" } ?? "no exit code"
            switch record.event {
            case .started, .killed: return nil
            // Told to end before it could listen: it has nothing in flight yet.
            case .drained where record.code == 143 && self.hasJustStarted(record): return nil
            case .drained:
                return record.code == 0 ? nil : Violation(.workerEnded, "worker \(record.worker) drained with \(code)")
            case .stuck: return Violation(.workerEnded, "worker \(record.worker) did not end in time after SIGTERM")
            case .ended: return Violation(.workerEnded, "worker \(record.worker) ended by itself: \(code)")
            }
        }
        return ended + self.evidence.logsWithSecrets.map { Violation(.secretShown, "a secret stands in \($0)") }
    }

    private func hasJustStarted(_ end: WorkerRecord) -> Bool {
        let starts = self.evidence.workers.filter { $0.event == .started && $0.worker == end.worker && $0.t <= end.t }
        return starts.last.map { end.t - $0.t < 2 } ?? false
    }

    /// What is missing could have been a violation.
    func evidenceViolations() -> [Violation] {
        var violations: [Violation] = []
        func note(_ text: String) { violations.append(Violation(.evidence, text)) }
        if self.builds.count != self.evidence.settings.builds {
            note("\(self.evidence.settings.builds) builds were planned, \(self.builds.count) published")
        }
        for (number, record) in self.evidence.journal.enumerated() where record.seq != number + 1 {
            note("the journal has a gap before line \(record.seq)")
            break
        }
        let created = self.evidence.journal.count(where: \.isCreation)
        if created != self.evidence.state.podsCreated {
            note("the journal shows \(created) pods created, the cluster \(self.evidence.state.podsCreated)")
        }
        for build in self.builds where !build.published.contains(where: { $0.job == .start && $0.isConfirmed }) {
            note("the start of build \(build.build) was never confirmed")
        }
        for fault in self.evidence.faults where fault.phase == .notMade {
            note("fault \(fault.number) could not be made: \(fault.text)")
        }
        let made = Set(self.evidence.faults.filter { $0.phase == .began }.map(\.number)).count
        if made != self.evidence.settings.faults {
            note("\(self.evidence.settings.faults) faults were planned, \(made) made")
        }
        for isAfterWorkers in [false, true]
        where !self.evidence.queues.contains(where: { $0.isAfterWorkers == isAfterWorkers }) {
            note("nobody looked at the queues \(isAfterWorkers ? "after the workers had ended" : "at the end")")
        }
        return violations
    }
}
