internal import Logging
internal import ServiceLifecycle
internal import Support
internal import Synchronization

/// Periodic housekeeping. No build depends on it; failures are logged and retried in the next round.
final class Janitor: Service {
    /// Message counts by queue name; a missing entry means that the queue does not exist. Blocks.
    typealias CountQueues = @Sendable ([String]) throws -> [String: (ready: Int, consumers: Int)]

    private let interval: Duration
    private let survey: QueueSurvey
    private let countQueues: CountQueues
    private let sweeps: [@Sendable () async -> Void]
    /// Other chores, on a thread that may block. Failures are logged and retried in the next round.
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
            // Jitter: workers started together must not all ask at once.
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

    /// Not awaited: an unresponsive broker may block it for long, and a drain cannot wait for that.
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
                // The worker's own connections report the problem more visibly.
                self.logger.debug("cannot look at the queues", metadata: ["error": .string("\(error)")])
            }
        }
    }

    /// Logs once when a queue disappears.
    private func report(_ missing: [String]) {
        for queue in self.survey.queues where queue.ready != nil && missing.contains(queue.name) {
            self.logger.error("queue \(queue.name) is gone: 'worker topology check' says what follows from that")
        }
    }
}
