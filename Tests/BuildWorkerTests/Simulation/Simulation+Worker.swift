@testable import BuildWorker
@testable import Support
@testable import Workflow

/// What workers do by themselves: take, decide, learn, settle, and end.
extension Simulation {
    func dispatch(_ queue: SimulatedQueue) {
        while self.broker.hasReady(in: queue), let worker = self.drawConsumer(of: queue) {
            self.deliver(from: queue, to: worker)
        }
    }

    private func drawConsumer(of queue: SimulatedQueue) -> Int? {
        let first = self.random.below(self.workers.count)
        for offset in 0..<self.workers.count {
            let worker = (first + offset) % self.workers.count
            if self.workers[worker].takesDeliveries,
                self.workers[worker].inFlight[queue.rawValue] < self.schedule.prefetch
            {
                return worker
            }
        }
        return nil
    }

    private func deliver(from queue: SimulatedQueue, to worker: Int) {
        let message = self.broker.deliver(from: queue)
        let tag = self.workers[worker].unacked.count
        self.workers[worker].unacked.append(message)
        self.workers[worker].inFlight[queue.rawValue] += 1
        self.workers[worker].handled += 1
        let content = self.broker.messages[message]
        let index = self.handlings.count
        self.handlings.append(
            Handling(
                worker: worker, connection: self.workers[worker].connection, tag: tag, message: message, queue: queue,
                build: content.build,
                command: content.command))
        self.note(
            "worker \(worker) takes message \(message)\(content.isRedelivered ? ", redelivered" : "") as handling \(index)"
        )
        let machine =
            if let mutation { DeliveryMachine(self.schedule.rules, policy: mutation.decision) } else {
                DeliveryMachine(self.schedule.rules)
            }
        self.runners.append(DeliveryRunner(machine, SimulatedDrivers(simulation: self, handling: index)))
        self.advance(index, .received(self.verdict(content, message)))
    }

    private func verdict(_ content: SimulatedBroker.Message, _ message: Int) -> QuarantineVerdict {
        if case .poison(let crashes) = content.command {
            return .quarantined(crashes: crashes, self.parked.contains(content.origin ?? message) ? .parked : .none)
        }
        return content.isRedelivered ? .suspected : .none
    }

    /// The worker goes on with a delivery.
    private func advance(_ index: Int, _ input: DeliveryMachine.Input) {
        var runner = self.runners[index]
        var input: DeliveryMachine.Input? = input
        while let answer = input {
            runner.advance(answer)
            self.handlings[index].facts = runner.machine.facts
            input = self.take(runner.pending, index)
        }
        self.runners[index] = runner
    }

    /// - Returns: `nil`: the answer comes later.
    private func take(_ step: DeliveryMachine.Step?, _ index: Int) -> DeliveryMachine.Input? {
        let handling = self.handlings[index]
        switch step {
        case .wait(let admission):
            // After it could not be set aside it waits once more.
            if admission != .amongOthers, let build = handling.build,
                !self.workers[handling.worker].turns[build].contains(index)
            {
                self.workers[handling.worker].turns[build].append(index)
            }
            guard let build = handling.build, self.workers[handling.worker].turns[build].first != index else {
                return .admitted
            }
        case .perform(let action): self.send(action, index)
        // Who was a suspect on another worker's disk is one for the first time here.
        case .persist(.setAside): return .persisted(isNews: handling.message.isMultiple(of: 3))
        case .persist: return .persisted(isNews: true)
        case .pause: return .done
        case .settle(let settlement, _): self.end(index, settlement)
        case nil where handling.settlement == nil: self.endUnsettled(index)
        case nil, .join, .read, .enqueue, .start, .begin, .emit, .leave, .end: break
        }
        return nil
    }

    /// Its build's turn is over.
    func leave(_ index: Int) {
        let worker = self.handlings[index].worker
        guard let build = self.handlings[index].build, self.workers[worker].turns[build].first == index else { return }
        self.workers[worker].turns[build].removeFirst()
        if let next = self.workers[worker].turns[build].first { self.advance(next, .admitted) }
    }

    private func send(_ action: Action, _ index: Int) {
        let handling = self.handlings[index]
        self.note("handling \(index), \(handling.command), worker \(handling.worker): \(action)")
        if case .reportFailure(let cause) = action { self.judge(cause, handling) }
        self.handlings[index].action = action
        self.clock.plan(.effect(handling: index), after: self.drawLatency())
        guard self.mutation == .ackBeforeConfirm, action.isHandOver else { return }
        self.end(index, .ack)
        self.leave(index)
    }

    /// The answer has come.
    func learn(_ index: Int) {
        let handling = self.handlings[index]
        guard !handling.isLost, handling.settlement == nil, let learned = handling.learned,
            !self.somethingEnds(handling.worker)
        else { return }
        if let service = handling.foundAway, !self.notice(service, isAwayFrom: handling.worker) {
            self.handlings[index].faults += 1
        }
        self.advance(
            index,
            .completed(
                learned, isOutage: !self.workers[handling.worker].away.isEmpty && self.mutation != .outageIsCharged))
    }

    /// The settlement is sent.
    private func end(_ index: Int, _ settlement: Settlement) {
        self.note("handling \(index): \(settlement)")
        self.judge(settlement, self.handlings[index])
        self.handlings[index].settlement = settlement
        self.clock.plan(.settle(handling: index), after: self.drawLatency())
    }

    /// The broker has the message back. Where another worker has settled it meanwhile, nobody comes to see what this one made, but the
    /// janitor when the build has ended.
    private func endUnsettled(_ index: Int) {
        let handling = self.handlings[index]
        if let build = handling.build, !self.willBeTidied(build) { self.excused[build] = true }
        self.workers[handling.worker].handled -= 1
        self.restartIfDrained(handling.worker)
    }

    /// The broker hears of the settlement, unless the connection it belongs to is gone.
    func settle(_ index: Int) {
        let handling = self.handlings[index]
        let worker = handling.worker
        guard let settlement = handling.settlement, !handling.isLost, !self.somethingEnds(worker) else { return }
        self.workers[worker].handled -= 1
        self.apply(settlement, handling)
        if case .settle = self.runners[index].pending { self.advance(index, .done) }
        self.restartIfDrained(worker)
    }

    private func apply(_ settlement: Settlement, _ handling: Handling) {
        let worker = handling.worker
        if handling.connection != self.workers[worker].connection {
            // Nobody hears it. Where another worker has settled the message meanwhile, nobody comes to see what this one made either, but the
            // janitor when the build has ended.
            if settlement == .nack, let build = handling.build, !self.willBeTidied(build) { self.excused[build] = true }
            guard self.mutation == .staleTags, handling.tag < self.workers[worker].unacked.count else { return }
        }
        let message = self.workers[worker].unacked[handling.tag]
        guard message >= 0, case .unacked(let queue) = self.broker.messages[message].place else { return }
        self.note("worker \(worker): \(settlement) of message \(message)")
        self.workers[worker].unacked[handling.tag] = -1
        self.workers[worker].inFlight[queue.rawValue] -= 1
        switch settlement {
        case .ack:
            self.broker.ack(message)
            self.checkHeld(after: message, handling)
        case .nack:
            self.broker.reject(message)
            self.clock.plan(.expire(message: message), after: Schedule.waitMilliseconds)
        }
        self.dispatch(queue)
    }
}
