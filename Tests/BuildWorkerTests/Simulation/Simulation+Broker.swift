@testable import BuildWorker
@testable import Workflow

/// What controllers and workers hand to the broker.
extension Simulation {
    func publish(_ entry: Schedule.Entry) {
        // Every end brings a `stop`; those of the schedule are the second ones of a controller that lost its confirm, or come first.
        if let build = entry.build, entry.command == .stop { self.end(build, as: .aborted) }
        self.put(SimulatedBroker.Message(build: entry.build, command: entry.command, round: 0), in: .builds)
    }

    /// The broker takes a message.
    func put(_ message: SimulatedBroker.Message, in queue: SimulatedQueue) {
        let number = self.broker.publish(message, to: queue)
        self.note("message \(number) in \(queue): \(message.command)\(message.build.map { " of build \($0)" } ?? "")")
        switch queue {
        case .builds, .retry: self.clock.plan(.dispatch(queue), after: self.drawLatency())
        case .wait, .retryWait: self.clock.plan(.expire(message: number), after: Schedule.waitMilliseconds)
        case .initTimers: self.clock.plan(.expire(message: number), after: Schedule.initMilliseconds)
        case .parked: break
        }
    }

    /// - Parameter queue: `nil`: there is none.
    func handOver(_ message: SimulatedBroker.Message, to queue: SimulatedQueue?, _ handling: inout Handling)
        -> PublishResult
    {
        let fault = self.fault(on: .broker, &handling)
        if fault?.isUnheard == true { return .unconfirmed }
        guard let queue else {
            return fault != nil ? .unconfirmed : self.mutation == .returnedIsHeld ? .confirmed : .unroutable
        }
        self.put(message, in: queue)
        return fault == nil ? .confirmed : .unconfirmed
    }

    func park(_ handling: inout Handling) -> PublishResult {
        let content = self.broker.messages[handling.message]
        let outcome = self.handOver(
            SimulatedBroker.Message(build: nil, command: content.command, round: 0),
            to: self.schedule.hasParkedQueue ? .parked : nil, &handling)
        if outcome == .unconfirmed { return outcome }
        if outcome == .confirmed { self.parked.insert(content.origin ?? handling.message) }
        // Without a parked queue its report has all.
        switch content.command {
        case .start, .verify: if let build = content.build { self.owed.insert(build) }
        case .stop, .clear, .unreadable, .poison: break
        }
        return outcome
    }

    /// A copy in the wait queue, without the deaths that are the count.
    func postpone(_ reason: PostponeReason, _ handling: inout Handling) -> PublishResult {
        var copy = self.broker.messages[handling.message]
        copy.origin = copy.origin ?? handling.message
        copy.earlierAttempts = handling.facts.attempt
        copy.hasTimerHeader = copy.hasTimerHeader || handling.facts.isFromInitTimer
        copy.deaths = []
        switch reason {
        case .outage: copy.owedSince = nil
        case .aside, .counted: break
        case .owed: copy.owedSince = copy.owedSince ?? handling.begunAt
        case .healing: copy.troubledSince = copy.troubledSince ?? handling.begunAt
        }
        copy.isRedelivered = false
        if handling.queue == .retry, !self.schedule.hasRetryQueue {
            guard self.fault(on: .disk, &handling) == nil else { return .unconfirmed }
            self.put(copy, in: .retryWait)
            return .confirmed
        }
        return self.handOver(copy, to: handling.queue == .builds ? .wait : .retryWait, &handling)
    }
}
