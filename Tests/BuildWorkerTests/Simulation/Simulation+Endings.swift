/// How workers end, and begin again.
extension Simulation {
    /// - Returns: whether the worker was killed at this moment.
    func somethingEnds(_ worker: Int) -> Bool {
        guard self.faults.crashes + self.faults.cuts + self.faults.drains > 0,
            self.random.chance(percent: self.faults.momentPercent)
        else {
            return false
        }
        switch self.random.below(3) {
        case 0 where self.faults.crashes > 0:
            self.faults.crashes -= 1
            self.kill(worker)
            return true
        case 1 where self.faults.cuts > 0:
            self.faults.cuts -= 1
            let isBrokersRestart = self.random.chance(percent: 30)
            self.note(isBrokersRestart ? "the broker restarts" : "worker \(worker) loses its consuming connection")
            for other in 0..<self.workers.count where isBrokersRestart || other == worker { self.disconnect(other) }
        case 2 where self.faults.drains > 0 && !self.workers[worker].isDraining:
            self.faults.drains -= 1
            self.note("worker \(worker) drains")
            self.workers[worker].isDraining = true
        default: break
        }
        return false
    }

    private func kill(_ worker: Int) {
        self.note("worker \(worker) is killed")
        self.workers[worker].isUp = false
        for index in 0..<self.handlings.count where self.handlings[index].worker == worker {
            self.handlings[index].isLost = true
        }
        if self.mutation == .timerInMemory {
            for index in 0..<self.keptTimers.count where self.keptTimers[index].worker == worker {
                self.keptTimers[index].isOver = true
            }
        }
        self.disconnect(worker)
        self.checkAllHeld(after: "worker \(worker) was killed")
        self.clock.plan(.workerStarts(worker: worker), after: self.random.between(1, 60_000))
    }

    /// What it had goes back, first in front.
    private func disconnect(_ worker: Int) {
        for message in self.workers[worker].unacked.reversed() where message >= 0 { self.broker.requeue(message) }
        self.workers[worker].connection += 1
        self.workers[worker].unacked = []
        self.workers[worker].inFlight = [0, 0]
        for queue in [SimulatedQueue.builds, .retry] where self.broker.hasReady(in: queue) {
            self.clock.plan(.dispatch(queue), after: self.drawLatency())
        }
    }

    /// A process that has drained makes room for a new one.
    func restartIfDrained(_ worker: Int) {
        guard self.workers[worker].isDraining, self.workers[worker].isUp, self.workers[worker].handled == 0 else {
            return
        }
        self.note("worker \(worker) has drained")
        self.workers[worker].isUp = false
        for index in 0..<self.keptTimers.count where self.keptTimers[index].worker == worker {
            self.handOverEarly(index)
        }
        self.disconnect(worker)
        self.clock.plan(.workerStarts(worker: worker), after: self.random.between(1, 60_000))
    }

    func start(_ worker: Int) {
        self.note("worker \(worker) starts")
        var fresh = SimulatedWorker(builds: self.schedule.builds.count)
        fresh.connection = self.workers[worker].connection
        self.workers[worker] = fresh
        for queue in [SimulatedQueue.builds, .retry] { self.dispatch(queue) }
    }
}
