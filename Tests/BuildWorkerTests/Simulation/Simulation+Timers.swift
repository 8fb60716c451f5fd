@testable import BuildWorker
@testable import Workflow

/// Init timers that a worker keeps itself, for a broker without an init queue.
///
/// Without a retry queue what they bring is the process's own delivery: the queue `retry` then stands for the workers' disks, and no
/// fault of the broker's keeps anything from it.
extension Simulation {
    func keepTimer(of build: Int, round: Int, in worker: Int) {
        self.keptTimers.append(KeptTimer(worker: worker, build: build, round: round))
        self.clock.plan(.keptTimer(self.keptTimers.count - 1), after: Schedule.initMilliseconds)
    }

    /// A worker that is away fires its timers when it is back.
    func fire(_ index: Int) {
        let timer = self.keptTimers[index]
        guard !timer.isOver else { return }
        guard self.workers[timer.worker].isUp, self.handOver(index, round: timer.round, isEarly: false) else {
            return self.clock.plan(.keptTimer(index), after: self.random.between(1_000, 60_000))
        }
    }

    /// At a drain: only a look, so no round is spent. What is not taken stays on disk.
    func handOverEarly(_ index: Int) {
        let timer = self.keptTimers[index]
        if !timer.isOver, self.schedule.hasRetryQueue {
            _ = self.handOver(index, round: max(0, timer.round - 1), isEarly: true)
        }
    }

    private func handOver(_ index: Int, round: Int, isEarly: Bool) -> Bool {
        let timer = self.keptTimers[index]
        let fault = self.schedule.hasRetryQueue ? self.drawFault(on: .broker) : nil
        if fault?.isUnheard != true {
            var message = SimulatedBroker.Message(build: timer.build, command: .verify, round: round)
            message.hasTimerHeader = !isEarly
            self.put(message, in: .retry)
        }
        guard fault == nil else { return false }
        self.keptTimers[index].isOver = true
        return true
    }
}
