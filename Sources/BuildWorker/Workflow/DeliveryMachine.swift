package import Support

/// The life cycle of one delivery as a pure value: an input goes in, exactly one next step comes out.
/// ``DeliveryRunner`` performs the steps: for the process, the simulation and the exhaustive walk.
///
///     join → read → wait → start → (begin → perform → survive → learn)* → settle
///
/// A suspected message waits, in isolation, before it is read; a quarantined one is read only to update its build.
package struct DeliveryMachine: Sendable {
    package enum Input: Sendable {
        case received(QuarantineVerdict)
        indirect case read(Reading)
        case admitted
        /// `wasStopped`: this process has processed a `stop` of the same build.
        case started(wasStopped: Bool)
        /// `isOutage`: a service that builds need was unavailable for all builds meanwhile.
        case completed([Fact], isOutage: Bool)
        /// `isNews`: the change was due and had not been made before.
        case persisted(isNews: Bool)
        /// Instead of `done`: a quarantined message was read to update its build, but names none.
        case unreadable
        /// The step is complete and has no other answer.
        case done
        /// Instead of any answer except those to ``Step/leave`` and ``Step/settle(_:isUrgent:)``.
        case interrupted(Interruption)
    }

    package enum Interruption: Sendable {
        /// The worker is shutting down: results obtained meanwhile are meaningless.
        case cancelled
        /// The broker requeued the message.
        case takenBack
    }

    package struct Reading: Sendable {
        let command: BuildCommand
        let facts: Facts
        /// The broker could not return it after a rejection, or would be harmed by one.
        let mustNotBeRejected: Bool

        package init(command: BuildCommand, facts: Facts, mustNotBeRejected: Bool) {
            self.command = command
            self.facts = facts
            self.mustNotBeRejected = mustNotBeRejected
        }
    }

    package enum Admission: Hashable, Sendable {
        /// Processed alongside others: in the build's order and within the limit of its type.
        case amongOthers
        /// Processed in isolation. `isDue`: no waiting time first.
        case alone(isDue: Bool)
    }

    package enum Step: Sendable {
        /// Enter the ledger, or the queue for isolated processing: in order of arrival.
        case join(Admission)
        /// → `read`. `crashes`: for a message that is not decoded.
        case read(crashes: Int?)
        /// Join the build's queue: in order of arrival.
        case enqueue
        /// → `admitted`
        case wait(Admission)
        /// → `started`
        case start
        /// Record the next step, unless interrupted here. `reading`: a quarantined message is read to update its build,
        /// which may crash by itself, apart from the actions that follow.
        case begin(HandlingStep)
        /// → `completed`
        case perform(Action)
        /// → `persisted`
        case persist(QuarantineChange)
        case emit(DeliveryEvent)
        case pause
        /// Release what was acquired for processing.
        case leave
        /// `isUrgent`: send it before anything else, for the next suspected message may crash the worker.
        case settle(Settlement, isUrgent: Bool)
        case end
    }

    /// Each case names the step in progress; possible successors are in ``handle(_:at:)``, in the order of the work.
    private enum State: Sendable {
        case new, joining, offeringToWait, reading, received, enqueuing, waiting, starting, started
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
        /// `nil`: already settled, or not to be settled.
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
    /// Observers have received `received`, so they must receive the final event.
    private var isAnnounced = false
    /// Suspected, and first to be moved behind all others.
    private var isBeingSetAside = false
    private var startedAt = Duration.zero

    /// - Parameter policy: decides the next step from the facts.
    package init(
        _ rules: WorkflowRules, policy: @escaping Policy = { BuildWorkflow.decision(for: $0, given: $1, rules: $2) }
    ) {
        (self.rules, self.policy) = (rules, policy)
    }

    private var isAlone: Bool { self.verdict != .none }

    /// - Parameter now: time since the delivery arrived.
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
            // No longer readable by any worker.
            if case .quarantined(_, .unreportable) = self.verdict { return self.announce(.ack, at: now) }
            return self.decide()
        case (.decoding(let action), .done): return self.begin(action)
        case (.decoding(let action), .unreadable):
            guard case .quarantined(_, .saidToBeParked) = self.verdict else { return self.begin(action) }
            // A message that no worker can read cannot have been parked as poison.
            self.verdict = .suspected
            self.command = .unreadable
            self.facts.forgetParking()
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
            // Before the next suspected message, which may crash: after the ack nothing would clear this one.
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

    /// Replaces a rejection after which RabbitMQ would not return the message: publishes it to the wait queue, counting
    /// the attempt, or parks it; until one of these is confirmed, the delivery stays in flight.
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
    /// Reads the message in order to perform this action.
    fileprivate var readsTheBuild: Bool {
        switch self {
        case .ask, .reportFailure: true
        case .createPod, .getPod, .searchPods, .deletePods, .armTimer, .keepTimer, .requestVerification, .notifyBuild,
            .clearCache, .park, .postpone:
            false
        }
    }
}
