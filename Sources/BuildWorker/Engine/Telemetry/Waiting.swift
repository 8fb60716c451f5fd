internal import Clients
internal import RabbitMQ
internal import Support
internal import Synchronization
internal import Workflow

/// Builds this worker left in a wait queue or with an init timer, until due. Another worker may receive them.
final class Waiting: Sendable {
    enum Why: String, Sendable, CaseIterable {
        case initTimer = "init-timer"
        case retry
        case postponed
    }

    package struct Entry: Sendable {
        let build: BuildID
        let jobType: String
        let why: Why
        let attempt: Int
        let queue: String
        /// The logged result of the last delivery.
        let reason: String
        let since: ContinuousClock.Instant
        let due: ContinuousClock.Instant
    }

    private struct Key: Hashable {
        let build: BuildID
        let why: Why
    }

    /// More than a worker with a prefetch of 20 accumulates in a day of outage.
    private static let limit = 20_000

    private let options: RabbitMQOptions
    private let entries = Mutex<[Key: Entry]>([:])

    private let clock: any MonotonicClock

    init(_ options: RabbitMQOptions, clock: any MonotonicClock) {
        self.options = options
        self.clock = clock
    }

    func observe(_ event: DeliveryEvent, _ context: DeliveryContext) {
        switch event {
        case .received: self.came(context)
        case .actionCompleted(_, .timer(.confirmed), _):
            self.add(.initTimer, context, self.options.initQueue, "its pod has to begin", self.options.initTimeout)
        case .actionCompleted(_, .timerKept(.done), _):
            self.add(.initTimer, context, "this worker", "its pod has to begin", self.options.initTimeout)
        case .settled(let settlement, let facts, _):
            let isRetry = context.delivery.queue == self.options.retryQueue
            let queue =
                context.delivery.tag.isOfThisProcess
                ? "this worker" : isRetry ? self.options.retryWaitQueue : self.options.waitQueue
            if facts.postponement == .confirmed {
                self.add(.postponed, context, queue, facts.summary(of: context.command), self.options.retryDelay)
            } else if settlement == .nack {
                self.add(.retry, context, queue, facts.summary(of: context.command), self.options.retryDelay)
            }
        case .started, .actionStarted, .actionCompleted, .requeued, .takenBack, .setAside: break
        }
    }

    private func came(_ context: DeliveryContext) {
        guard let build = context.build?.buildID else { return }
        self.entries.withLock { entries in
            guard !entries.isEmpty else { return }
            if context.isFromInitTimer { entries[Key(build: build, why: .initTimer)] = nil }
            entries[Key(build: build, why: .retry)] = nil
            entries[Key(build: build, why: .postponed)] = nil
        }
    }

    private func add(_ why: Why, _ context: DeliveryContext, _ queue: String, _ reason: String, _ time: Duration) {
        guard let build = context.build?.buildID else { return }
        let now = self.clock.now
        let entry = Entry(
            build: build, jobType: context.jobType, why: why, attempt: context.attempt, queue: queue, reason: reason,
            since: now, due: now + time)
        self.entries.withLock { entries in
            if entries.count >= Self.limit { entries = entries.filter { $0.value.due > now } }
            if entries.count < Self.limit { entries[Key(build: build, why: why)] = entry }
        }
    }

    /// Not due yet, soonest first.
    var all: [Entry] {
        let now = self.clock.now
        return self.entries.withLock { entries in
            entries = entries.filter { $0.value.due > now }
            return entries.values.sorted { $0.due < $1.due }
        }
    }
}
