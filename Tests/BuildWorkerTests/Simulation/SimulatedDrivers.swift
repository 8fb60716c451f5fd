@testable import BuildWorker
@testable import Workflow

/// A worker's hands, for one delivery.
struct SimulatedDrivers: DeliveryDrivers {
    unowned let simulation: Simulation
    let handling: Int

    var now: Duration { .milliseconds(self.simulation.clock.now) }

    func take(_ step: DeliveryMachine.Step) -> DeliveryMachine.Input? {
        switch step {
        case .join(.amongOthers): break
        case .join(.alone), .enqueue: self.simulation.enqueue(self.handling)
        case .read: return .read(self.simulation.read(self.handling))
        case .start: return .started(wasStopped: self.simulation.begin(self.handling))
        case .begin: if self.simulation.isGone(self.handling) { return .interrupted(.takenBack) }
        case .emit(.setAside): self.simulation.handlings[self.handling].isSetAside = true
        case .emit(.takenBack): self.simulation.handlings[self.handling].isTakenBack = true
        case .emit: break
        case .leave: self.simulation.leave(self.handling)
        case .wait, .perform, .persist, .pause, .settle, .end: return nil
        }
        return .done
    }
}

extension Simulation {
    fileprivate func isGone(_ index: Int) -> Bool {
        self.handlings[index].connection != self.workers[self.handlings[index].worker].connection
    }

    fileprivate func enqueue(_ index: Int) {
        guard let build = self.handlings[index].build else { return }
        self.workers[self.handlings[index].worker].turns[build].append(index)
    }

    /// As `DeliveryContext` does.
    fileprivate func read(_ index: Int) -> DeliveryMachine.Reading {
        let handling = self.handlings[index]
        let message = self.broker.messages[handling.message]
        var attempt = message.attempts(in: handling.queue)
        if self.mutation == .attemptsFromFirstDeath { attempt = message.deaths.first?.count ?? 0 }
        let facts = Facts(
            attempt: attempt, isRepeated: message.isRedelivered || message.earlierAttempts != nil,
            isFromInitTimer: message.rejections(in: handling.queue) == 0 && message.hasTimedOut, round: message.round,
            isHealing: message.troubledSince != nil,
            hadTimeToHeal: message.troubledSince.map { self.clock.now - $0 >= Schedule.healMilliseconds } ?? false,
            isPermanent: message.isPermanent,
            isOverdue: message.owedSince.map { self.clock.now - $0 >= Schedule.owedMilliseconds } ?? false)
        return DeliveryMachine.Reading(command: handling.command, facts: facts, mustNotBeRejected: false)
    }

    /// - Returns: whether its build was stopped before.
    fileprivate func begin(_ index: Int) -> Bool {
        let handling = self.handlings[index]
        self.handlings[index].begunAt = self.clock.now
        if self.mutation == .randomPodNames { self.handlings[index].podName = self.random.between(1, 1_000_000) }
        guard let build = handling.build else { return false }
        if handling.command == .stop { self.workers[handling.worker].stopped[build] = true }
        let wasStopped = self.workers[handling.worker].stopped[build]
        self.handlings[index].beganEnded = self.api.hasEnded(build)
        // Another chance to tidy up, for whoever is going to look.
        if handling.command != .stop, !wasStopped { self.excused[build] = false }
        return wasStopped
    }
}
