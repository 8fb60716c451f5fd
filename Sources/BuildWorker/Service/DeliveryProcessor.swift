internal import Logging

/// Carries one delivery from arrival to settlement: asks the workflow, performs, records, asks again.
struct DeliveryProcessor: Sendable {
    let rules: WorkflowRules
    let options: RabbitMQOptions
    let logger: Logger
    let stoppedBuilds: StoppedBuilds
    let buildOrder: BuildOrder
    let isolation: Isolation
    let limits: JobLimits
    /// Settles a suspect, and waits until the broker will hear of it: should the next one kill, this one must not be redelivered and
    /// counted with it.
    let settle: @Sendable (DeliveryTag, Settlement) async -> Void
    /// Whether a service that builds need is away for everybody, or was since then.
    let isOutage: @Sendable (ContinuousClock.Instant) -> Bool
    /// The broker has the message back: its channel is closed.
    let isGone: @Sendable (DeliveryTag) -> Bool
    /// Turns an action into the facts it taught. Never throws: a failure is a fact too.
    let perform: @Sendable (Action, DeliveryContext) async -> [Fact]
    var observers: [DeliveryObserver] = []
    /// Which build APIs a message may name.
    var apiHosts = APIHosts()

    /// A delivery that has its place among the others.
    enum Prepared: Sendable {
        /// Read. The place is in its build's line; `nil`: it concerns none.
        case ordinary(DeliveryContext, BuildOrder.Place?, Isolation.Record)
        /// Not read yet: that may be what kills.
        case suspect(Delivery, MessageKey, Isolation.Place)
        case convicted(Delivery, MessageKey, Isolation.Place, crashes: Int, Suspects.Custody)
    }

    /// Call it in the order of arrival, and ``process(_:)`` once for each.
    func prepare(_ delivery: Delivery) -> Prepared {
        let key = MessageKey(queue: delivery.queue, body: delivery.body)
        switch self.isolation.verdict(key, delivery) {
        case .suspect: return .suspect(delivery, key, self.isolation.joinAlone(key, delivery))
        case .convicted(let crashes, let custody): return .convicted(delivery, key, self.isolation.joinAlone(key, delivery), crashes: crashes, custody)
        case .none:
            let record = self.isolation.begin(key)
            let context = self.context(delivery)
            self.tell(.arrived, context)
            guard case .success(let message) = context.message, let build = message.build?.buildID else { return .ordinary(context, nil, record) }
            return .ordinary(context, self.buildOrder.join(build), record)
        }
    }

    /// - Returns: what is left to settle it with. `nil` for suspects, which are settled here, and when the task was cancelled meanwhile, or the
    ///   broker took the message back: what came of it then says nothing, and the broker has it still.
    func process(_ prepared: Prepared) async -> Settlement? {
        switch prepared {
        case .ordinary(let context, let place, let record):
            let settlement = await self.isolation.amongOthers(record, after: place?.turn, in: self.limits, context.jobType) { await self.follow(context, record) }
            if let place { self.buildOrder.leave(place) }
            self.isolation.end(record)
            return settlement
        // These sync files to the disk, which the thread of all requests must not wait for.
        case .suspect(let delivery, let key, let place):
            await withTaskExecutorPreference(globalConcurrentExecutor) {
                defer { self.isolation.leave(place) }
                if self.isolation.isToBeSetAside(place), await self.setAside(delivery, place) { return }
                await self.isolation.alone(place) { record in
                    self.logger.warning("handled alone: a worker ended while it, or others, were handled", metadata: ["messageKey": .string("\(key)")])
                    let context = self.context(delivery)
                    self.tell(.arrived, context)
                    guard let settlement = await self.follow(context, record) else { return }
                    // Before the next suspect's turn, which may kill: nobody would clear a message that has left the queue.
                    self.isolation.clear(key)
                    await self.settle(delivery.tag, settlement)
                }
            }
            return nil
        case .convicted(let delivery, let key, let place, let crashes, let custody):
            await withTaskExecutorPreference(globalConcurrentExecutor) {
                defer { self.isolation.leave(place) }
                await self.isolation.alone(place) { record in
                    if let settlement = await self.condemn(delivery, record, key, crashes, custody) { await self.settle(delivery.tag, settlement) }
                }
            }
            return nil
        }
    }

    /// Behind all that waits in its queue, for others to show whether they get past the step where it died.
    ///
    /// - Returns: whether the broker has it there.
    private func setAside(_ delivery: Delivery, _ place: Isolation.Place) async -> Bool {
        await self.isolation.alone(place, isDue: true) { record in
            let context = self.context(delivery)
            self.begin(.postpone, record, context)
            guard await self.perform(.postpone(.aside), context).contains(.postponement(.held)) else { return false }
            await self.isolation.survived(.postpone, record)
            context.logger.warning("set aside for \(context.job): a worker died of it, or of what it asked, and others go first")
            await self.settle(delivery.tag, .ack)
            return true
        } ?? false
    }

    /// It is parked first and its build told then, because to tell it the message must be read.
    private func condemn(
        _ delivery: Delivery, _ record: Isolation.Record, _ key: MessageKey, _ crashes: Int, _ custody: Suspects.Custody
    ) async -> Settlement? {
        let context = DeliveryContext(delivery, options: self.options, logger: self.logger, crashes: crashes)
        var known: [Fact] = []
        switch custody {
        case .none: break
        case .parked: known = [.parking(.held)]
        case .unreportable:
            // Nothing may read it any more.
            context.logger.error(
                "a poison message killed the worker while its build was to be told: the build has to be ended by hand", metadata: ["messageKey": .string("\(key)")])
            self.isolation.clear(key)
            self.tell(.arrived, context)
            self.tell(.began, context)
            self.tell(.settled(.ack, Facts(), took: .zero), context)
            return .ack
        }
        self.tell(.arrived, context)
        var isPostponed = false
        let settlement = await self.follow(context, record, knowing: known) { fact in
            if fact == .parking(.held) { self.isolation.markParked(key, crashes: crashes) }
            if fact == .postponement(.held) { isPostponed = true }
        }
        if settlement == .ack, !isPostponed { self.isolation.clear(key) }
        return settlement
    }

    private func begin(_ step: HandlingStep, _ record: Isolation.Record, _ context: DeliveryContext) {
        self.isolation.begins(step, record)
        #if TEST_HOOKS
            TestHooks.begin(step, context)
        #endif
    }

    private func context(_ delivery: Delivery) -> DeliveryContext {
        #if TEST_HOOKS
            TestHooks.read(delivery)
        #endif
        return DeliveryContext(delivery, options: self.options, apiHosts: self.apiHosts, logger: self.logger)
    }

    private func follow(
        _ context: DeliveryContext, _ record: Isolation.Record, knowing known: [Fact] = [], onFact: (Fact) -> Void = { _ in }
    ) async -> Settlement? {
        let clock = ContinuousClock()
        let beginning = clock.now
        self.tell(.began, context)
        context.logger.info("processing \(context.job)")
        if context.attempt > 0 { context.logger.info("retrying \(context.attempt)(\(self.rules.reprocessLimit)) for \(context.job)") }
        #if TEST_HOOKS
            TestHooks.handle(context)
        #endif
        let build: BuildID? = if case .success(let message) = context.message { message.build?.buildID } else { nil }
        if let build, context.command == .stop { self.stoppedBuilds.insert(build) }
        let wasStopped = build.map { self.stoppedBuilds.contains($0) } ?? false
        var facts = context.facts(wasStopped: wasStopped, self.rules)
        known.forEach { facts.record($0) }
        while !Task.isCancelled {
            guard !self.isGone(context.delivery.tag) else {
                context.logger.warning("taken back by RabbitMQ, which delivers it again: \(context.job)")
                self.tell(.takenBack, context)
                return nil
            }
            let action = BuildWorkflow.nextAction(for: context.command, given: facts, rules: self.rules)
            // To ask for its build and to tell it, poison is read, and that may be what kills: apart from what is asked then.
            if case .poison = context.command, action.isOfItsBuild {
                self.isolation.begins(.reading, record)
                _ = context.build
            }
            self.begin(action.step, record, context)
            if case .settle(let planned) = action {
                guard let settlement = await self.settlement(planned, context) else { break }
                self.log(settlement, facts, context, isReplaced: settlement != planned)
                self.tell(.settled(settlement, facts, took: clock.now - beginning), context)
                await self.isolation.survived(action.step, record)
                return settlement
            }
            self.tell(.acts(action), context)
            let start = clock.now
            let learned = await self.perform(action, context)
            // A request that was given up would pass for the cluster's failure.
            if Task.isCancelled { break }
            await self.isolation.survived(action.step, record)
            for fact in learned {
                self.tell(.learned(action, fact, took: clock.now - start), context)
                facts.record(fact)
                onFact(fact)
            }
            if self.isOutage(start) { facts.recordOutage() }
        }
        context.logger.info("handed back for \(context.job)")
        self.tell(.handedBack, context)
        return nil
    }

    /// What RabbitMQ would not bring back after a rejection is handed to its wait queue by ourselves, the attempt counted, or parked; until
    /// one of these has it, the delivery stays in hand.
    ///
    /// - Returns: `nil`: the worker ends, or the broker has it back.
    private func settlement(_ planned: Settlement, _ context: DeliveryContext) async -> Settlement? {
        guard planned == .nack, context.mustNotBeRejected else { return planned }
        let isReadable = if case .success = context.message { true } else { false }
        while !Task.isCancelled, !self.isGone(context.delivery.tag) {
            let waits: [Fact] = isReadable ? await self.perform(.postpone(.counted), context) : [.postponement(.noQueue)]
            if waits.contains(.postponement(.held)) { return .ack }
            if waits.contains(.postponement(.noQueue)) {
                let parking = await self.perform(.park, context)
                if parking.contains(.parking(.held)) || parking.contains(.parking(.noQueue)) { return .ack }
            }
            do { try await Task.sleep(for: .seconds(1)) } catch { return nil }
        }
        return nil
    }

    private func tell(_ moment: DeliveryMoment, _ context: DeliveryContext) { for observer in self.observers { observer(moment, context) } }

    /// The sentences that operators grep, with the result in words.
    private func log(_ settlement: Settlement, _ facts: Facts, _ context: DeliveryContext, isReplaced: Bool) {
        let result = facts.summary(of: context.command)
        switch settlement {
        case .ack where isReplaced:
            context.logger.warning("err: \(result), handed over instead of rejected, because of its x-death header, for \(context.job)")
        case .ack where facts.postponement == .held:
            context.logger.warning("err: \(result), postponed without an attempt for \(context.job)")
        case .ack where facts.failure != nil && facts.failure != .ended && context.attempt >= self.rules.reprocessLimit:
            context.logger.error("acknowledge, max retries exceeded for \(context.job)", metadata: ["result": .string(result)])
        case .ack:
            context.logger.info("acknowledge, job completed for \(context.job), result: \(result)")
        case .nack:
            context.logger.warning(
                "err: \(result), don't acknowledge, retried \(context.attempt)(\(self.rules.reprocessLimit)) for \(context.job)")
        }
    }
}

extension Action {
    /// The message is read for it.
    fileprivate var isOfItsBuild: Bool {
        switch self {
        case .ask, .reportFailure: true
        case .createPod, .lookAtPod, .searchPods, .deletePods, .armTimer, .keepTimer, .requestVerification, .tellBuild, .clearCache, .park, .postpone, .settle: false
        }
    }
}

extension Facts {
    /// What came out, in a few words for the log.
    func summary(of command: BuildCommand) -> String {
        switch self.failure {
        case .taken: return "build failed"
        case .refused: return "build failed, and the API refused to hear it"
        case .notTaken: return "the API did not take the build's FAILURE"
        case .ended, nil: break
        }
        if self.wasStopped, command == .start { return "build was stopped" }
        if self.build == .ended || self.note == .ended || self.failure == .ended { return "build has ended" }
        switch self.build {
        case .unavailable(let problem), .refused(let problem): return problem.detail
        case .waiting, .running, .begun, .ended, .unknown, nil: break
        }
        if case .refused(let problem) = self.creation { return problem.detail }
        if case .failed(let problem) = self.timerKept { return problem.detail }
        if self.timer == .notHeld { return "the init timer was not confirmed by RabbitMQ" }
        if self.verification == .notHeld { return "the verification was not confirmed by RabbitMQ" }
        if self.verification == .noQueue { return "the retry queue does not exist" }
        if self.parking == .notHeld { return "the message could not be parked" }
        if case .failed(let problem) = self.deletion { return problem.detail }
        if case .failed(let problem) = self.clearing { return problem.detail }
        return self.pod?.summary ?? (command == .unreadable ? "parked" : "true")
    }
}

extension PodObservation {
    var summary: String {
        switch self {
        case .pending(_, let waitsFor): "pod pending, waits for \(waitsFor)"
        case .running: "pod running"
        case .succeeded: "pod succeeded"
        case .broken(let failure): failure.summary
        case .terminating(let detail): detail.isEmpty ? "pod is being deleted" : "pod is being deleted: \(detail)"
        case .foreign: "the pod of that name is not this build's"
        case .absent: "no pod"
        case .unseen(let problem): problem.detail
        }
    }
}
