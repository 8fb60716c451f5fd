/// What a worker reads in a message's headers.
extension SimulatedBroker.Message {
    func rejections(in queue: SimulatedQueue) -> Int {
        for death in self.deaths where death.queue == queue && death.isRejection { return death.count }
        return 0
    }

    /// Attempts that were charged.
    func attempts(in queue: SimulatedQueue) -> Int { self.rejections(in: queue) + (self.earlierAttempts ?? 0) }

    var hasTimedOut: Bool {
        for death in self.deaths where death.queue == .initTimers && !death.isRejection { return true }
        return self.hasTimerHeader
    }
}
