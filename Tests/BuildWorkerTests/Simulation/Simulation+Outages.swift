/// A service that is away for everybody: workers notice, take no more deliveries, and probe until it is back.
extension Simulation {
    func isAway(_ service: SimulatedService) -> Bool {
        for outage in self.schedule.outages where outage.service == service && outage.times.contains(self.clock.now) {
            return true
        }
        return false
    }

    /// What failed is asked again at once, which tells an outage from one build's fault.
    ///
    /// - Returns: `false`: the service is back already, and the request was just unlucky.
    func notice(_ service: SimulatedService, isAwayFrom worker: Int) -> Bool {
        if self.workers[worker].away.contains(service) { return true }
        guard self.isAway(service) else { return false }
        self.note("worker \(worker) finds that \(service) is away")
        self.workers[worker].away.append(service)
        self.planProbe(of: service, from: worker)
        return true
    }

    private func planProbe(of service: SimulatedService, from worker: Int) {
        self.clock.plan(.probe(service, worker: worker), after: self.random.between(1_000, 30_000))
    }

    func probe(_ service: SimulatedService, from worker: Int) {
        guard let known = self.workers[worker].away.firstIndex(of: service) else { return }
        if self.isAway(service) { return self.planProbe(of: service, from: worker) }
        self.note("worker \(worker) finds that \(service) is back")
        self.workers[worker].away.remove(at: known)
        for queue in [SimulatedQueue.builds, .retry] { self.dispatch(queue) }
    }
}
