package import Support

/// One delivery's life as a value: everything that happens to it goes in, exactly one next step comes out. It decides all and does nothing.
/// ``DeliveryRunner`` takes the steps: for the process, for the simulation, and on the walk through every possible world.
///
///     join → read → wait → start → (begin → perform → survive → learn)* → settle
///
/// A suspect waits, alone, before it is read; one that is quarantined is read only to tell its build.
package struct DeliveryMachine: Sendable {
    package enum Input: Sendable {
        case received(QuarantineVerdict)
        indirect case read(Reading)
        case admitted
        /// `wasStopped`: this process has seen a `stop` of the same build.
        case started(wasStopped: Bool)
        /// `isOutage`: a service that builds need was away for everybody meanwhile.
        case completed([Fact], isOutage: Bool)
        /// `isNews`: it was to be done and was not done before.
        case persisted(isNews: Bool)
        /// In place of `done`: poison was read to tell its build, and names none.
        case unreadable
        /// The step was taken, and has no other answer.
        case done
        /// In place of any answer but those to ``Step/leave`` and ``Step/settle(_:isUrgent:)``.
        case interrupted(Interruption)
    }

    package enum Interruption: Sendable {
        /// The worker ends: what came of it meanwhile says nothing.
        case cancelled
        /// The broker took the message back.
        case takenBack
    }

    /// What the message says.
    package struct Reading: Sendable {
        let command: BuildCommand
        let facts: Facts
        /// The broker could not bring it back after a rejection, or would be harmed by one.
        let mustNotBeRejected: Bool

        package init(command: BuildCommand, facts: Facts, mustNotBeRejected: Bool) {
            self.command = command
            self.facts = facts
            self.mustNotBeRejected = mustNotBeRejected
        }
    }

    package enum Admission: Hashable, Sendable {
        /// The build's turn has come, and there is room for one more of its type.
        case amongOthers
        /// Nothing else goes on. `isDue`: it has no time to wait first.
        case alone(isDue: Bool)
    }

    package enum Step: Sendable {
        /// Go on record, or take a place in the line of those who are handled alone: in the order of arrival.
        case join(Admission)
        /// → `read`. `crashes`: of a message that is not decoded.
        case read(crashes: Int?)
        /// Take a place in the line of its build: in the order of arrival.
        case enqueue
        /// → `admitted`
        case wait(Admission)
        /// → `started`
        case start
        /// Have on record what comes next, unless it is interrupted here. `reading`: poison is read to tell its build, which may be what kills,
        /// apart from what is asked then.
        case begin(HandlingStep)
        /// → `completed`
        case perform(Action)
        /// → `persisted`
        case persist(QuarantineChange)
        case emit(DeliveryEvent)
        /// A moment, before something is tried again.
        case pause
        /// Make room for others.
        case leave
        /// `isUrgent`: the broker hears of it before anything else is done, for the next suspect may kill.
        case settle(Settlement, isUrgent: Bool)
        /// It is over.
        case end
    }

    /// Each names the step that is being taken; those that may follow are in ``handle(_:at:)``, in the order of the work.
    private enum State: Sendable {
        case new, joining, offeringToWait, reading, readingAgain, received, enqueuing, waiting, starting, started
        case decoding(Action), beginning(Action), announcing(Action)
        case performing(Action, since: Duration)
        case surviving(Action, [Fact], took: Duration)
        case learning(Action, ArraySlice<Fact>, took: Duration)
        case recordingParking(Action, ArraySlice<Fact>, took: Duration)
        case steppingBack
        case beginningToSettle(Settlement), replacing, pausing
        case announcingSettlement(Settlement), survivingSettlement(Settlement), clearing(Settlement)
        case settling, settlingLast
        case givingUp
        /// `nil`: it was settled, or is not to be.
        case leaving(Settlement?)
        case ended
    }

    package typealias Policy = @Sendable (BuildCommand, Facts, WorkflowRules) -> Decision

    private let rules: WorkflowRules
    private let policy: Policy
    private var state = State.new
    private var verdict = QuarantineVerdict.none
    private(set) var command = BuildCommand.unreadable
    package private(set) var facts = Facts()
    private var mustNotBeRejected = false
    /// Observers know of it, and are to hear the end.
    private var isAnnounced = false
    /// It is a suspect that goes behind all others first.
    private var isBeingSetAside = false
    private var startedAt = Duration.zero

    /// - Parameter policy: what follows from what is known.
    package init(
        _ rules: WorkflowRules, policy: @escaping Policy = { BuildWorkflow.decision(for: $0, given: $1, rules: $2) }
    ) {
        (self.rules, self.policy) = (rules, policy)
    }

    private var isAlone: Bool { self.verdict != .none }

    /// - Parameter now: since the delivery came.
    mutating func handle(_ input: Input, at now: Duration) -> Step {
        switch (self.state, input) {
        // Quarantine
        case (.new, .received(let verdict)):
            self.verdict = verdict
            return self.go(.joining, .join(self.isAlone ? .alone(isDue: false) : .amongOthers))
        case (.joining, .done):
            return switch self.verdict {
            case .none: self.go(.reading, .read(crashes: nil))
            case .suspected: self.go(.offeringToWait, .persist(.setAside))
            case .quarantined: self.go(.waiting, .wait(.alone(isDue: false)))
            }
        case (.offeringToWait, .persisted(let isNews)):
            self.isBeingSetAside = isNews
            return self.go(.waiting, .wait(.alone(isDue: isNews)))
        case (.reading, .read(let reading)):
            (self.command, self.facts, self.mustNotBeRejected) = (
                reading.command, reading.facts, reading.mustNotBeRejected
            )
            if self.isBeingSetAside { return self.begin(.postpone(.aside)) }
            self.isAnnounced = true
            return self.go(.received, .emit(.received))

        // Serialize, limit
        case (.received, .done): return self.isAlone ? self.go(.starting, .start) : self.go(.enqueuing, .enqueue)
        case (.enqueuing, .done): return self.go(.waiting, .wait(.amongOthers))
        case (.waiting, .admitted):
            switch self.verdict {
            case .none: return self.go(.starting, .start)
            case .suspected: return self.go(.reading, .read(crashes: nil))
            case .quarantined(let crashes, _): return self.go(.reading, .read(crashes: crashes))
            }

        // Handle
        case (.starting, .started(let wasStopped)):
            self.startedAt = now
            if wasStopped { self.facts.recordStop() }
            switch self.verdict {
            case .quarantined(_, .parked), .quarantined(_, .saidToBeParked): self.facts.record(.parking(.confirmed))
            case .none, .suspected, .quarantined(_, .none), .quarantined(_, .unreportable): break
            }
            return self.go(.started, .emit(.started))
        case (.started, .done):
            // Nothing may read it any more.
            if case .quarantined(_, .unreportable) = self.verdict { return self.announce(.ack, at: now) }
            return self.decide()
        case (.decoding(let action), .done): return self.begin(action)
        case (.decoding(let action), .unreadable):
            guard case .quarantined(_, .saidToBeParked) = self.verdict else { return self.begin(action) }
            // What no worker can read it cannot have parked as poison: it is read as any suspect, for what is wrong with it.
            self.verdict = .suspected
            return self.go(.readingAgain, .read(crashes: nil))
        case (.readingAgain, .read(let reading)):
            (self.command, self.facts, self.mustNotBeRejected) = (
                reading.command, reading.facts, reading.mustNotBeRejected
            )
            return self.decide()
        case (.beginning(let action), .done):
            return self.isBeingSetAside
                ? self.go(.performing(action, since: now), .perform(action))
                : self.go(.announcing(action), .emit(.actionStarted(action)))
        case (.announcing(let action), .done): return self.go(.performing(action, since: now), .perform(action))
        case (.performing(let action, let since), .completed(let learned, let isOutage)):
            if self.isBeingSetAside, !learned.contains(.postponement(.confirmed)) {
                self.isBeingSetAside = false
                return self.go(.steppingBack, .leave)
            }
            if isOutage { self.facts.recordOutage() }
            return self.go(.surviving(action, learned, took: now - since), .persist(.survived(action.step)))
        case (.steppingBack, .done): return self.go(.waiting, .wait(.alone(isDue: false)))
        case (.surviving, .persisted) where self.isBeingSetAside: return self.go(.clearing(.ack), .emit(.setAside))
        case (.surviving(let action, let learned, let took), .persisted):
            return self.learn(learned[...], of: action, took)
        case (.learning(let action, let rest, let took), .done):
            if case .poison(let crashes) = self.command, case .park = action, self.facts.parking == .confirmed {
                return self.go(.recordingParking(action, rest, took: took), .persist(.parked(crashes: crashes)))
            }
            return self.learn(rest, of: action, took)
        case (.recordingParking(let action, let rest, let took), .persisted): return self.learn(rest, of: action, took)

        // Settle
        case (.beginningToSettle(let planned), .done):
            return planned == .nack && self.mustNotBeRejected ? self.replace() : self.announce(planned, at: now)
        case (.replacing, .completed(let learned, _)):
            switch learned.first {
            case .postponement(.confirmed), .parking(.confirmed), .parking(.unroutable):
                self.facts.recordReplacement()
                return self.announce(.ack, at: now)
            case .postponement(.unroutable): return self.go(.replacing, .perform(.park))
            default: return self.go(.pausing, .pause)
            }
        case (.pausing, .done): return self.replace()
        case (.announcingSettlement(let settlement), .done):
            return self.go(.survivingSettlement(settlement), .persist(.survived(.settle)))
        case (.survivingSettlement(let settlement), .persisted):
            return switch self.verdict {
            case .none: self.go(.leaving(settlement), .leave)
            // Before the next suspect's turn, which may kill: nobody would clear a message that has left the queue.
            case .suspected: self.go(.clearing(settlement), .persist(.cleared))
            case .quarantined where settlement == .ack && self.facts.postponement != .confirmed:
                self.go(.clearing(settlement), .persist(.cleared))
            case .quarantined: self.go(.settlingLast, .settle(settlement, isUrgent: true))
            }
        case (.clearing(let settlement), .persisted), (.clearing(let settlement), .done):
            return self.go(.settlingLast, .settle(settlement, isUrgent: true))
        case (.leaving(let settlement?), .done): return self.go(.settling, .settle(settlement, isUrgent: false))
        case (.settlingLast, .done), (.givingUp, .done): return self.go(.leaving(nil), .leave)
        case (.leaving(nil), .done), (.settling, .done): return self.go(.ended, .end)

        case (_, .interrupted(let interruption)):
            guard self.isAnnounced else { return self.go(.leaving(nil), .leave) }
            return switch interruption {
            case .cancelled: self.go(.givingUp, .emit(.requeued))
            case .takenBack: self.go(.givingUp, .emit(.takenBack))
            }
        default:
            assertionFailure("\(input) is no answer in \(self.state)")
            return self.go(.leaving(nil), .leave)
        }
    }

    private mutating func go(_ state: State, _ step: Step) -> Step {
        self.state = state
        return step
    }

    private mutating func decide() -> Step {
        switch self.policy(self.command, self.facts, self.rules) {
        case .settle(let planned): return self.go(.beginningToSettle(planned), .begin(.settle))
        case .perform(let action):
            if case .poison = self.command, action.readsTheBuild { return self.go(.decoding(action), .begin(.reading)) }
            return self.begin(action)
        }
    }

    private mutating func begin(_ action: Action) -> Step { self.go(.beginning(action), .begin(action.step)) }

    private mutating func learn(_ learned: ArraySlice<Fact>, of action: Action, _ took: Duration) -> Step {
        guard let fact = learned.first else { return self.decide() }
        self.facts.record(fact)
        return self.go(
            .learning(action, learned.dropFirst(), took: took), .emit(.actionCompleted(action, fact, took: took)))
    }

    /// What RabbitMQ would not bring back after a rejection is handed to its wait queue by ourselves, the attempt counted, or parked; until
    /// one of these has it, the delivery stays in flight.
    private mutating func replace() -> Step {
        switch self.command {
        case .start, .stop, .verify, .clear: self.go(.replacing, .perform(.postpone(.counted)))
        case .unreadable, .poison: self.go(.replacing, .perform(.park))
        }
    }

    private mutating func announce(_ settlement: Settlement, at now: Duration) -> Step {
        self.go(.announcingSettlement(settlement), .emit(.settled(settlement, self.facts, took: now - self.startedAt)))
    }
}

extension Action {
    /// The message is read for it.
    fileprivate var readsTheBuild: Bool {
        switch self {
        case .ask, .reportFailure: true
        case .createPod, .getPod, .searchPods, .deletePods, .armTimer, .keepTimer, .requestVerification, .notifyBuild,
            .clearCache, .park, .postpone:
            false
        }
    }
}
