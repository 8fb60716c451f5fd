internal import Logging
internal import ServiceLifecycle
internal import Support
internal import Synchronization

/// Housekeeping, every half minute or so: looks at the queues, and removes what nobody removes otherwise. Nothing here is needed
/// for a build's fate, so whatever fails is said and tried again next time.
final class Janitor: Service {
    /// Counts what a queue holds, by name; one that is missing does not exist. Blocks.
    typealias CountQueues = @Sendable ([String]) throws -> [String: (ready: Int, consumers: Int)]

    private let interval: Duration
    private let survey: QueueSurvey
    private let countQueues: CountQueues
    /// One after another.
    private let sweeps: [@Sendable () async -> Void]
    /// Other chores, on a thread that may block. One that fails is said, and tried again next time.
    private let chores: [@Sendable () throws -> Void]
    private let clock: any MonotonicClock
    private let logger: Logger
    private let isLooking = Atomic<Bool>(false)

    init(
        every interval: Duration, survey: QueueSurvey, countQueues: @escaping CountQueues,
        sweeps: [@Sendable () async -> Void],
        chores: [@Sendable () throws -> Void], clock: any MonotonicClock, logger: Logger
    ) {
        self.interval = interval
        self.survey = survey
        self.countQueues = countQueues
        self.sweeps = sweeps
        self.chores = chores
        self.clock = clock
        self.logger = logger
    }

    func run() async { await cancelWhenGracefulShutdown { await self.clean() } }

    private func clean() async {
        var pause = Duration.seconds(1)
        while await self.clock.pause(pause) {
            // Spread out: workers that were started together would all ask at the same moment.
            pause = self.interval * Double.random(in: 0.8...1.2)
            self.lookAtQueues()
            for sweep in self.sweeps { await sweep() }
            for chore in self.chores {
                do { try await OwnThread.run(chore) } catch {
                    self.logger.warning("housekeeping failed", metadata: ["error": .string("\(error)")])
                }
            }
        }
    }

    /// On a thread that ends by itself and that nobody waits for: a broker that does not answer holds it for long, and a drain cannot
    /// wait for that.
    private func lookAtQueues() {
        guard !self.isLooking.exchange(true, ordering: .relaxed) else { return }
        let names = self.survey.names
        OwnThread.start {
            defer { self.isLooking.store(false, ordering: .relaxed) }
            do {
                let counts = try self.countQueues(names)
                self.report(names.filter { counts[$0] == nil })
                self.survey.update(counts)
            } catch {
                // The worker's own connections say what is wrong, louder.
                self.logger.debug("cannot look at the queues", metadata: ["error": .string("\(error)")])
            }
        }
    }

    /// Once, when a queue that was there is gone.
    private func report(_ missing: [String]) {
        for queue in self.survey.queues where queue.ready != nil && missing.contains(queue.name) {
            self.logger.error("queue \(queue.name) is gone: 'worker topology check' says what follows from that")
        }
    }
}
