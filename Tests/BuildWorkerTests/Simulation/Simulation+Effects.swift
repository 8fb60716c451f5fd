import BuildWorker

/// What may become of a request on its way.
enum RequestFault {
    /// Nothing happens, and the worker knows that something went wrong.
    case unheard
    /// The same, for everybody.
    case outage
    /// It happens, and the worker does not know.
    case answerLost
    /// It happens when the worker has given up already.
    case late

    /// It never has its effect.
    var isUnheard: Bool {
        switch self {
        case .unheard, .outage: true
        case .answerLost, .late: false
        }
    }
}

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
        if handling.isLost, self.random.chance(percent: 50) { return self.note("the request of handling \(index) never left") }
        if !handling.isLost, self.somethingEnds(handling.worker) { return }
        guard let action = handling.action else { return }
        let faultsBefore = handling.faults
        handling.foundAway = nil
        handling.fact = self.perform(action, &handling)
        let hasFailed = handling.faults > faultsBefore || handling.foundAway != nil
        self.note("handling \(index): \(action) → \(handling.fact.map { "\($0)" } ?? "nothing")")
        self.handlings[index] = handling
        self.clock.plan(.answer(handling: index), after: hasFailed && self.random.chance(percent: 50) ? Self.deadlineMilliseconds : self.drawLatency())
    }

    /// Exhaustive on purpose: an action that the simulation does not know breaks the build here.
    private func perform(_ action: Action, _ handling: inout Handling) -> Fact {
        let build = handling.build ?? 0
        switch action {
        case .askForBuild: return .build(self.askForBuild(build, &handling))
        case .createPod: return .creation(self.createPod(build, &handling))
        case .lookAtPod: return .pod(self.observe(&handling) { $0.look(at: build, name: $1) })
        case .listPods: return .pod(self.observe(&handling) { cluster, _ in cluster.list(build) })
        case .deletePods: return .deletion(self.deletePods(build, &handling))
        case .armTimer(let round):
            if self.mutation == .timerInMemory {
                self.keepTimer(of: build, round: round, in: handling.worker)
                return .timer(.held)
            }
            let queue: SimulatedQueue? = self.schedule.hasInitQueue ? .initTimers : nil
            return .timer(self.handOver(SimulatedBroker.Message(build: build, command: .verify, round: round), to: queue, &handling))
        case .keepTimer(let round):
            guard self.fault(on: .disk, &handling) == nil else { return .timerKept(.failed(detail: "ENOSPC")) }
            self.keepTimer(of: build, round: round, in: handling.worker)
            return .timerKept(.done)
        case .requestVerification:
            let message = SimulatedBroker.Message(build: build, command: .verify, round: handling.facts.round)
            return .verification(self.handOver(message, to: .retry, &handling))
        case .tellBuild: return .note(self.fault(on: .buildAPI, &handling) == nil ? self.api.tell(build) : .lost)
        case .reportFailure: return .failure(self.reportFailure(build, &handling))
        case .clearCache: return .clearing(self.fault(on: .disk, &handling) == nil ? .done : .failed(detail: "EIO"))
        case .park: return .parking(self.park(&handling))
        case .postpone: return .postponement(self.postpone(&handling))
        case .settle: preconditionFailure("settling is no request")
        }
    }

    /// Draws a fault, and remembers it as evidence.
    private func fault(on service: SimulatedService, _ handling: inout Handling) -> RequestFault? {
        guard let fault = self.drawFault(on: service) else { return nil }
        if service == .buildAPI { handling.callsToAPIThatFailed += 1 }
        switch fault {
        case .outage: handling.foundAway = service
        case .unheard, .answerLost, .late: handling.faults += 1
        }
        return fault
    }

    private func drawLateness() -> Int { Self.deadlineMilliseconds + self.random.below(Self.latestMilliseconds) }
}

// MARK: - Cluster

extension Simulation {
    private func createPod(_ build: Int, _ handling: inout Handling) -> CreationOutcome {
        let fault = self.fault(on: .cluster, &handling)
        switch fault {
        case nil:
            if case .invalid = self.schedule.builds[build].fate { return .rejected(detail: "422") }
            if self.makePod(build, handling.podName, for: handling) { return .created }
            return self.mutation == .conflictIsAFault ? .refused(detail: "409") : .alreadyExists
        case .unheard, .outage: break
        case .answerLost: _ = self.makePod(build, handling.podName, for: handling)
        case .late: self.clock.plan(.lateEffect(.creation(build: build, name: handling.podName)), after: self.drawLateness())
        }
        return .refused(detail: "503")
    }

    /// - Parameter handling: `nil`: it came late.
    /// - Returns: whether there is a new pod.
    private func makePod(_ build: Int, _ name: Int, for handling: Handling?) -> Bool {
        if case .invalid = self.schedule.builds[build].fate { return false }
        guard let pod = self.cluster.create(build: build, name: name, at: self.clock.now) else { return false }
        self.note("pod \(pod) is made for build \(build)")
        self.checkNewPod(pod, of: build, by: handling)
        // Made for a worker that gave up or was killed, when nobody is left who could see it.
        if handling?.isLost ?? true, !self.broker.holdsMessage(of: build) { self.excused[build] = true }
        if let first = self.schedule.builds[build].fate.stages.first { self.clock.plan(.podStage(pod: pod), after: first.after) }
        return true
    }

    private func observe(_ handling: inout Handling, _ look: (SimulatedCluster, Int) -> PodObservation) -> PodObservation {
        handling.lastLookFailed = self.fault(on: .cluster, &handling) != nil
        guard !handling.lastLookFailed else {
            return .unseen(detail: "503")
        }
        let observation = look(self.cluster, handling.podName)
        switch observation {
        // Not for ever, or not for the build's sake: worth another attempt.
        case .terminating, .foreign: handling.faults += 1
        case .absent: if handling.facts.creation == .alreadyExists { handling.faults += 1 }
        case .pending, .running, .succeeded, .failed, .imageError, .containerError, .unseen: break
        }
        return observation
    }

    private func deletePods(_ build: Int, _ handling: inout Handling) -> Outcome {
        switch self.fault(on: .cluster, &handling) {
        case nil:
            self.deletePods(of: build)
            return .done
        case .unheard, .outage: break
        case .answerLost: self.deletePods(of: build)
        case .late: self.clock.plan(.lateEffect(.deletion(build: build)), after: self.drawLateness())
        }
        return .failed(detail: "503")
    }

    func deletePods(of build: Int) {
        for pod in self.cluster.delete(build) { self.clock.plan(.podIsGone(pod: pod), after: self.random.below(30_000)) }
    }

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
            _ = self.api.report(build)
        }
    }
}

// MARK: - Build API and broker

extension Simulation {
    private func askForBuild(_ build: Int, _ handling: inout Handling) -> BuildState {
        self.fault(on: .buildAPI, &handling) == nil ? self.api.ask(build) : .unavailable(detail: "502")
    }

    private func reportFailure(_ build: Int, _ handling: inout Handling) -> ReportOutcome {
        switch self.fault(on: .buildAPI, &handling) {
        case nil: return self.api.report(build)
        case .unheard, .outage: break
        case .answerLost: _ = self.api.report(build)
        case .late: self.clock.plan(.lateEffect(.failure(build: build)), after: self.drawLateness())
        }
        return .notTaken
    }

    /// - Parameter queue: `nil`: there is none.
    private func handOver(_ message: SimulatedBroker.Message, to queue: SimulatedQueue?, _ handling: inout Handling) -> HandOver {
        let fault = self.fault(on: .broker, &handling)
        if fault?.isUnheard == true { return .notHeld }
        guard let queue else { return fault != nil ? .notHeld : self.mutation == .returnedIsHeld ? .held : .noQueue }
        self.put(message, in: queue)
        return fault == nil ? .held : .notHeld
    }

    private func park(_ handling: inout Handling) -> HandOver {
        let content = self.broker.messages[handling.message]
        let outcome = self.handOver(
            SimulatedBroker.Message(build: nil, command: content.command, round: 0), to: self.schedule.hasParkedQueue ? .parked : nil, &handling)
        if outcome == .held { self.parked.insert(content.origin ?? handling.message) }
        return outcome
    }

    /// A copy in the wait queue, without the deaths that are the count.
    private func postpone(_ handling: inout Handling) -> HandOver {
        var copy = self.broker.messages[handling.message]
        copy.origin = copy.origin ?? handling.message
        copy.earlierAttempts = handling.facts.attempt
        copy.hasTimerHeader = copy.hasTimerHeader || handling.facts.isFromInitTimer
        copy.deaths = []
        copy.isRedelivered = false
        return self.handOver(copy, to: handling.queue == .builds ? .wait : .retryWait, &handling)
    }
}
