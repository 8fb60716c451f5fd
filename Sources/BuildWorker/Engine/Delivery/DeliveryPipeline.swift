internal import Clients
internal import Logging
internal import RabbitMQ
internal import Spool
internal import Support
internal import Workflow

/// The stages of a delivery: consume → quarantine → serialize by build → limit by type → handle → settle.
///
/// ``DeliveryMachine`` decides at each stage; this class holds the shared state and the waiting.
final class DeliveryPipeline: Sendable {
    let rules: WorkflowRules
    let options: RabbitMQOptions
    let apiHosts: APIHosts
    let logger: Logger
    let quarantine: Quarantine
    let builds = KeyedSemaphore<BuildID> { _ in 1 }
    let limits: KeyedSemaphore<String>
    let stoppedBuilds = StoppedBuilds()
    let inFlightCount: InFlightCount
    /// Performs an action and returns the facts learned. Never throws: a failure is a fact too.
    let perform: @Sendable (Action, Facts, DeliveryContext) async -> [Fact]
    /// Whether a required service is unavailable for all builds, or was at any time since then.
    let isOutage: @Sendable (ContinuousClock.Instant) -> Bool
    private let observers: [DeliveryObserver]

    init(
        _ rules: WorkflowRules, _ options: RabbitMQOptions, apiHosts: APIHosts = APIHosts(), logger: Logger,
        quarantine: Quarantine, limits: KeyedSemaphore<String>, inFlightCount: InFlightCount,
        perform: @escaping @Sendable (Action, Facts, DeliveryContext) async -> [Fact],
        isOutage: @escaping @Sendable (ContinuousClock.Instant) -> Bool,
        observers: [DeliveryObserver]
    ) {
        (self.rules, self.options, self.apiHosts, self.logger, self.quarantine, self.limits) = (
            rules, options, apiHosts, logger, quarantine, limits
        )
        (self.inFlightCount, self.perform, self.isOutage, self.observers) = (
            inFlightCount, perform, isOutage, [DeliveryLog(rules: rules).observe] + observers
        )
    }

    // MARK: Consume

    /// One task per delivery; the prefetch limits their number.
    func handle(_ deliveries: AsyncStream<Delivery>, from source: any DeliverySource) async {
        await withDiscardingTaskGroup { group in
            for await delivery in deliveries {
                // Here, in order of arrival: tasks start in any order.
                let received = self.receive(delivery, from: source)
                group.addTask { await self.finish(received) }
            }
        }
    }

    /// Call in order of arrival; call ``finish(_:)`` once for each result.
    func receive(_ delivery: Delivery, from source: any DeliverySource) -> DeliveryRunner<ProcessDrivers> {
        self.inFlightCount.began()
        let key = MessageKey(queue: delivery.queue, body: delivery.body)
        var runner = DeliveryRunner(DeliveryMachine(self.rules), ProcessDrivers(self, source, delivery, key))
        runner.advance(.received(self.quarantine.verdict(key, delivery)))
        return runner
    }

    func finish(_ received: DeliveryRunner<ProcessDrivers>) async {
        if let place = received.drivers.place {
            // Leaves the HTTP event loop: files are synced to disk here.
            await withTaskExecutorPreference(globalConcurrentExecutor) { await Self.run(received) }
            self.quarantine.leave(place)
        } else {
            await Self.run(received)
        }
        self.inFlightCount.ended()
    }

    private static func run(_ received: DeliveryRunner<ProcessDrivers>) async {
        var runner = received
        while let step = runner.pending {
            let input = await runner.drivers.finish(step, runner.machine.facts)
            runner.advance(input)
        }
    }

    fileprivate func emit(_ event: DeliveryEvent, _ context: DeliveryContext) {
        for observer in self.observers { observer(event, context) }
    }
}

/// The source of deliveries, which also settles them: the broker connection, or this process.
protocol DeliverySource: Sendable {
    func settle(_ tag: DeliveryTag, as settlement: Settlement) async
    /// Waits until all settlements are sent.
    func flush() async
    /// The channel is closed, so the broker has requeued the message.
    func isGone(_ tag: DeliveryTag) -> Bool
}

extension ConsumingConnection: DeliverySource {}

extension LocalVerifications: DeliverySource {
    func flush() async {}
    func isGone(_ tag: DeliveryTag) -> Bool { false }
}

/// Receives every event of a delivery, in order, on its task. Must be quick and cannot fail.
typealias DeliveryObserver = @Sendable (DeliveryEvent, DeliveryContext) -> Void

struct ProcessDrivers: DeliveryDrivers, Sendable {
    private let pipeline: DeliveryPipeline
    private let source: any DeliverySource
    private let delivery: Delivery
    private let key: MessageKey
    private let arrival = ContinuousClock.now
    private var context: DeliveryContext?
    private var record: Quarantine.Record?
    /// Set for a suspected message.
    fileprivate private(set) var place: Quarantine.Place?
    private var build: BuildID?
    /// `nil`: it is first in its queue.
    private var turn: OneShotSignal?
    private var isAmongOthers = false

    fileprivate init(
        _ pipeline: DeliveryPipeline, _ source: any DeliverySource, _ delivery: Delivery, _ key: MessageKey
    ) {
        (self.pipeline, self.source, self.delivery, self.key) = (pipeline, source, delivery, key)
    }

    var now: Duration { .now - self.arrival }

    private var interruption: DeliveryMachine.Interruption? {
        if Task.isCancelled { return .cancelled }
        return self.source.isGone(self.delivery.tag) ? .takenBack : nil
    }

    mutating func take(_ step: DeliveryMachine.Step) -> DeliveryMachine.Input? {
        switch step {
        case .join(.amongOthers): self.record = self.pipeline.quarantine.join(self.key)
        case .join(.alone): self.place = self.pipeline.quarantine.joinAlone(self.key, self.delivery)
        case .read(let crashes): return .read(self.read(crashes: crashes))
        case .enqueue: self.enqueue()
        case .start: return .started(wasStopped: self.start())
        case .begin(let step):
            if let interruption { return .interrupted(interruption) }
            return self.begin(step)
        case .emit(let event): if let context { self.pipeline.emit(event, context) }
        case .leave: self.leave()
        case .wait, .perform, .persist, .pause, .settle, .end: return nil
        }
        return .done
    }

    mutating func finish(_ step: DeliveryMachine.Step, _ facts: Facts) async -> DeliveryMachine.Input {
        switch step {
        case .wait(.amongOthers): await self.waitAmongOthers()
        case .wait(.alone(let isDue)): guard await self.waitAlone(isDue: isDue) else { return .interrupted(.cancelled) }
        case .perform(let action): return await self.perform(action, facts)
        case .persist(let change):
            return .persisted(isNews: await self.pipeline.quarantine.persist(change, self.key, self.place))
        case .pause:
            // Returns early when cancelled.
            try? await Task.sleep(for: .seconds(1))
            return self.interruption.map { .interrupted($0) } ?? .done
        case .settle(let settlement, let isUrgent):
            await self.source.settle(self.delivery.tag, as: settlement)
            if isUrgent { await self.source.flush() }
            return .done
        case .join, .read, .enqueue, .start, .begin, .emit, .leave, .end: return .done
        }
        return .admitted
    }

    // MARK: Quarantine

    private mutating func read(crashes: Int?) -> DeliveryMachine.Reading {
        #if TEST_HOOKS
            if crashes == nil { TestHooks.read(self.delivery) }
        #endif
        let context = DeliveryContext(
            self.delivery, options: self.pipeline.options, apiHosts: self.pipeline.apiHosts,
            logger: self.pipeline.logger, crashes: crashes)
        self.context = context
        return DeliveryMachine.Reading(
            command: context.command, facts: context.facts(self.pipeline.rules),
            mustNotBeRejected: context.mustNotBeRejected)
    }

    private mutating func waitAlone(isDue: Bool) async -> Bool {
        guard let place else { return false }
        self.record = await self.pipeline.quarantine.enterAlone(place, isDue: isDue)
        return self.record != nil
    }

    // MARK: Serialize by build, limit by type

    private mutating func enqueue() {
        guard let build = self.context?.build?.buildID else { return }
        (self.build, self.turn) = (build, self.pipeline.builds.join(build))
    }

    private mutating func waitAmongOthers() async {
        guard let record, let type = self.context?.jobType else { return }
        let (quarantine, limits) = (self.pipeline.quarantine, self.pipeline.limits)
        let hasToWait = quarantine.isClosed || limits.isFull(type) || self.turn?.isFired == false
        if hasToWait { quarantine.waits(record) }
        await self.turn?.wait()
        await limits.join(type)?.wait()
        // Last, so that a delivery waiting here holds nothing else and a suspected message gets its turn.
        await quarantine.enterShared()
        self.isAmongOthers = true
        if hasToWait { quarantine.waits(record, false) }
    }

    private mutating func leave() {
        if self.isAmongOthers, let type = self.context?.jobType {
            self.pipeline.quarantine.leaveShared()
            self.pipeline.limits.leave(type)
            self.isAmongOthers = false
        }
        if let build { self.pipeline.builds.leave(build) }
        if let record { self.pipeline.quarantine.leave(record) }
        (self.build, self.record) = (nil, nil)
    }

    // MARK: Handle

    private func start() -> Bool {
        guard let context else { return false }
        #if TEST_HOOKS
            TestHooks.handle(context)
        #endif
        guard let build = context.build?.buildID else { return false }
        if context.command == .stop { self.pipeline.stoppedBuilds.insert(build) }
        return self.pipeline.stoppedBuilds.contains(build)
    }

    private func begin(_ step: HandlingStep) -> DeliveryMachine.Input {
        if let record { self.pipeline.quarantine.begins(step, record) }
        let isUnreadable = step == .reading && self.context?.decodeBuild() == nil
        #if TEST_HOOKS
            if let context { TestHooks.begin(step, context) }
        #endif
        return isUnreadable ? .unreadable : .done
    }

    private func perform(_ action: Action, _ facts: Facts) async -> DeliveryMachine.Input {
        guard let context else { return .completed([], isOutage: false) }
        let start = ContinuousClock.now
        let learned = await self.pipeline.perform(action, facts, context)
        // A cancelled request must not count as a failure of the cluster.
        return Task.isCancelled
            ? .interrupted(.cancelled) : .completed(learned, isOutage: self.pipeline.isOutage(start))
    }
}
