import BuildWorker

/// What workers do by themselves: take, decide, learn, settle, and end.
extension Simulation {
    func dispatch(_ queue: SimulatedQueue) {
        while self.broker.hasReady(in: queue), let worker = self.drawConsumer(of: queue) { self.deliver(from: queue, to: worker) }
    }

    private func drawConsumer(of queue: SimulatedQueue) -> Int? {
        let first = self.random.below(self.workers.count)
        for offset in 0..<self.workers.count {
            let worker = (first + offset) % self.workers.count
            if self.workers[worker].takesDeliveries, self.workers[worker].inHand[queue.rawValue] < self.schedule.prefetch {
                return worker
            }
        }
        return nil
    }

    private func deliver(from queue: SimulatedQueue, to worker: Int) {
        let message = self.broker.deliver(from: queue)
        let tag = self.workers[worker].unacked.count
        self.workers[worker].unacked.append(message)
        self.workers[worker].inHand[queue.rawValue] += 1
        self.workers[worker].handled += 1
        let content = self.broker.messages[message]
        let index = self.handlings.count
        self.handlings.append(
            Handling(
                worker: worker, connection: self.workers[worker].connection, tag: tag, message: message, queue: queue, build: content.build,
                command: content.command))
        self.note("worker \(worker) takes message \(message)\(content.isRedelivered ? ", redelivered" : "") as handling \(index)")
        guard let build = content.build else { return self.begin(index) }
        self.workers[worker].turns[build].append(index)
        if self.workers[worker].turns[build].count == 1 { self.begin(index) }
    }

    /// As `DeliveryProcessor.follow` and `DeliveryContext.facts` do.
    private func begin(_ index: Int) {
        let handling = self.handlings[index]
        let message = self.broker.messages[handling.message]
        var attempt = message.attempts(in: handling.queue)
        if self.mutation == .attemptsFromFirstDeath { attempt = message.deaths.first?.count ?? 0 }
        var wasStopped = false
        if let build = handling.build {
            if handling.command == .stop { self.workers[handling.worker].stopped[build] = true }
            wasStopped = self.workers[handling.worker].stopped[build]
            self.handlings[index].beganEnded = self.api.hasEnded(build)
            // Another chance to tidy up, for whoever is going to look.
            if handling.command != .stop, !wasStopped { self.excused[build] = false }
        }
        self.handlings[index].begunAt = self.clock.now
        self.handlings[index].facts = Facts(
            attempt: attempt, isRepeated: message.isRedelivered || message.earlierAttempts != nil,
            isFromInitTimer: message.rejections(in: handling.queue) == 0 && message.hasTimedOut, round: message.round, wasStopped: wasStopped,
            isHealing: message.troubledSince != nil,
            hadTimeToHeal: message.troubledSince.map { self.clock.now - $0 >= Schedule.healMilliseconds } ?? false,
            isHopeless: message.isHopeless,
            isOverdue: message.owedSince.map { self.clock.now - $0 >= Schedule.owedMilliseconds } ?? false)
        if case .poison = handling.command, self.parked.contains(message.origin ?? handling.message) {
            self.handlings[index].facts.record(.parking(.held))
        }
        if self.mutation == .randomPodNames { self.handlings[index].podName = self.random.between(1, 1_000_000) }
        self.step(index)
    }

    /// Asks the workflow, and sends what it wants.
    private func step(_ index: Int) {
        let action = self.nextAction(index)
        let handling = self.handlings[index]
        self.note("handling \(index), \(handling.command), worker \(handling.worker): \(action)")
        if case .settle(let settlement) = action { return self.end(index, settlement) }
        if case .reportFailure(let cause) = action { self.judge(cause, handling) }
        self.handlings[index].action = action
        self.clock.plan(.effect(handling: index), after: self.drawLatency())
        if self.mutation == .ackBeforeConfirm, action.isHandOver { self.end(index, .ack) }
    }

    /// The answer has come.
    func learn(_ index: Int) {
        let handling = self.handlings[index]
        guard !handling.isLost, handling.settlement == nil, let learned = handling.learned, !self.somethingEnds(handling.worker) else { return }
        for fact in learned { self.handlings[index].facts.record(fact) }
        if let service = handling.foundAway, !self.notice(service, isAwayFrom: handling.worker) { self.handlings[index].faults += 1 }
        if !self.workers[handling.worker].away.isEmpty, self.mutation != .outageIsCharged { self.handlings[index].facts.recordOutage() }
        self.step(index)
    }

    /// The settlement is sent, and the build's next message has its turn.
    private func end(_ index: Int, _ settlement: Settlement) {
        let handling = self.handlings[index]
        self.judge(settlement, handling)
        self.handlings[index].settlement = settlement
        self.clock.plan(.settle(handling: index), after: self.drawLatency())
        if let build = handling.build {
            self.workers[handling.worker].turns[build].removeFirst()
            if let next = self.workers[handling.worker].turns[build].first { self.begin(next) }
        }
    }

    /// The broker hears of the settlement, unless the connection it belongs to is gone.
    func settle(_ index: Int) {
        let handling = self.handlings[index]
        let worker = handling.worker
        guard let settlement = handling.settlement, !handling.isLost, !self.somethingEnds(worker) else { return }
        self.workers[worker].handled -= 1
        self.apply(settlement, handling)
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
        self.workers[worker].inHand[queue.rawValue] -= 1
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
