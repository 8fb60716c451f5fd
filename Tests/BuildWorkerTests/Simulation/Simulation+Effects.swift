@testable import BuildWorker
@testable import Workflow

/// What requests do to the services: the simulation's `ActionPerformer`.
extension Simulation {
    private static let deadlineMilliseconds = 10_000
    /// How long after the deadline a request may still have its effect; shorter than the stay in the wait queue.
    private static let latestMilliseconds = 15_000

    func drawFault(on service: SimulatedService) -> RequestFault? {
        if self.isAway(service) { return .outage }
        guard self.faults.requests > 0, self.random.chance(percent: self.faults.requestPercent) else { return nil }
        self.faults.requests -= 1
        return switch self.random.below(5) {
        case 0, 1: .unheard
        case 2, 3: .answerLost
        default: .late
        }
    }

    func takeEffect(_ index: Int) {
        var handling = self.handlings[index]
        // Killed with a request under way: it had left, or it had not.
        if handling.isLost, self.random.chance(percent: 50) {
            return self.note("the request of handling \(index) never left")
        }
        if !handling.isLost, self.somethingEnds(handling.worker) { return }
        guard let action = handling.action else { return }
        let faultsBefore = handling.faults
        handling.foundAway = nil
        handling.learned = self.perform(action, &handling)
        let hasFailed = handling.faults > faultsBefore || handling.foundAway != nil
        self.note("handling \(index): \(action) → \(handling.learned.map { "\($0)" } ?? "nothing")")
        self.handlings[index] = handling
        self.clock.plan(
            .answer(handling: index),
            after: hasFailed && self.random.chance(percent: 50) ? Self.deadlineMilliseconds : self.drawLatency())
    }

    /// The two requests of ``Action/armTimer(round:telling:)`` go out at the same time: either may be heard first, or alone.
    private func perform(_ action: Action, _ handling: inout Handling) -> [Fact] {
        guard case .armTimer(let round, let note?) = action else { return [self.performOne(action, &handling)] }
        guard self.random.chance(percent: 50) else {
            let timer = self.performOne(.armTimer(round: round, telling: nil), &handling)
            return [timer, self.performOne(.notifyBuild(note), &handling)]
        }
        let told = self.performOne(.notifyBuild(note), &handling)
        return [self.performOne(.armTimer(round: round, telling: nil), &handling), told]
    }

    /// Exhaustive on purpose: an action that the simulation does not know breaks the build here.
    private func performOne(_ action: Action, _ handling: inout Handling) -> Fact {
        let build = handling.build ?? 0
        switch action {
        case .ask(let question): return .build(self.ask(question, of: build, &handling))
        case .createPod: return .creation(self.createPod(build, &handling))
        case .getPod: return .pod(self.observe(&handling) { $0.look(at: build, name: $1) })
        case .searchPods: return .search(self.observe(&handling) { cluster, _ in cluster.list(build) })
        case .deletePods: return .deletion(self.deletePods(build, &handling))
        case .armTimer(let round, _):
            if self.mutation == .timerInMemory {
                self.keepTimer(of: build, round: round, in: handling.worker)
                return .timer(.confirmed)
            }
            guard self.schedule.hasRetryQueue else { return .timer(.unroutable) }
            let queue: SimulatedQueue? = self.schedule.hasInitQueue ? .initTimers : nil
            return .timer(
                self.handOver(
                    SimulatedBroker.Message(build: build, command: .verify, round: round), to: queue, &handling))
        case .keepTimer(let round):
            guard self.fault(on: .disk, &handling) == nil else { return .timerKept(.failed("ENOSPC")) }
            self.keepTimer(of: build, round: round, in: handling.worker)
            return .timerKept(.done)
        case .requestVerification(let isPermanent):
            guard self.schedule.hasRetryQueue else { return .verification(.unroutable) }
            var message = SimulatedBroker.Message(build: build, command: .verify, round: handling.facts.round)
            message.isPermanent = isPermanent
            return .verification(self.handOver(message, to: .retry, &handling))
        case .notifyBuild: return .note(self.tell(build, &handling))
        case .reportFailure: return .failure(self.reportFailure(build, &handling))
        case .clearCache: return .clearing(self.fault(on: .disk, &handling) == nil ? .done : .failed("EIO"))
        case .park: return .parking(self.park(&handling))
        case .postpone(let reason): return .postponement(self.postpone(reason, &handling))
        }
    }

    /// Draws a fault, and remembers it as evidence.
    func fault(on service: SimulatedService, _ handling: inout Handling) -> RequestFault? {
        guard let fault = self.drawFault(on: service) else { return nil }
        if service == .buildAPI { handling.callsToAPIThatFailed += 1 }
        switch fault {
        case .outage: handling.foundAway = service
        case .unheard, .answerLost, .late: handling.faults += 1
        }
        return fault
    }

    func drawLateness() -> Int { Self.deadlineMilliseconds + self.random.below(Self.latestMilliseconds) }

    func takeLateEffect(_ effect: LateEffect) {
        switch effect {
        case .creation(let build, let name):
            self.note("a request to make a pod for build \(build) has its effect late")
            _ = self.makePod(build, name, for: nil)
        case .deletion(let build):
            self.note("a request to delete the pods of build \(build) has its effect late")
            self.deletePods(of: build)
        case .failure(let build):
            self.note("a FAILURE of build \(build) is taken late")
            _ = self.takeFailure(of: build)
        }
    }
}
