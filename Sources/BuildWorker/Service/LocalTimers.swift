internal import Logging
internal import Synchronization

/// Init timers for a broker that has no init queue: kept in this process, handed to the retry queue when they fire
/// or when the worker drains. A process that is killed forgets its own; `worker topology apply` makes a queue that does not.
final class LocalTimers: Sendable {
    private let timeout: Duration
    private let publish: @Sendable (OutgoingMessage) async -> PublishOutcome
    private let logger: Logger
    private let timers: AsyncStream<Timer>
    private let feed: AsyncStream<Timer>.Continuation
    private let running = Atomic<Int>(0)

    private struct Timer {
        let message: OutgoingMessage
        let early: OutgoingMessage
    }

    init(timeout: Duration, logger: Logger, publish: @escaping @Sendable (OutgoingMessage) async -> PublishOutcome) {
        (self.timeout, self.logger, self.publish) = (timeout, logger, publish)
        (self.timers, self.feed) = AsyncStream.makeStream()
    }

    /// Timers that have not fired.
    var count: Int { self.running.load(ordering: .relaxed) }

    /// `message` is published when the timeout is over; `early` instead, if the worker drains before.
    func keep(_ message: OutgoingMessage, early: OutgoingMessage) async {
        self.running.add(1, ordering: .relaxed)
        guard case .terminated = self.feed.yield(Timer(message: message, early: early)) else { return }
        // Draining already: nobody waits for it any more.
        await self.handOverEarly(early)
        self.running.subtract(1, ordering: .relaxed)
    }

    /// Hands everything over now; ``run()`` then ends.
    func drain() { self.feed.finish() }

    /// Fires timers until drained.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await timer in self.timers {
                group.addTask {
                    await self.fire(timer)
                    self.running.subtract(1, ordering: .relaxed)
                }
            }
            // Draining: who sleeps wakes, and hands over at once.
            group.cancelAll()
        }
    }

    private func fire(_ timer: Timer) async {
        var backoff = Backoff(first: .seconds(1), limit: .seconds(60))
        var random = SystemRandomNumberGenerator()
        await Self.pause(self.timeout)
        while true {
            if Task.isCancelled { return await self.handOverEarly(timer.early) }
            let outcome = await self.publish(timer.message)
            guard outcome != .confirmed else { return }
            self.logger.warning("an init timer could not be handed over, trying again", metadata: ["outcome": .string("\(outcome)")])
            await Self.pause(backoff.next(using: &random))
        }
    }

    private func handOverEarly(_ message: OutgoingMessage) async {
        let outcome = await self.publish(message)
        guard outcome != .confirmed else { return }
        self.logger.error("an init timer could not be handed over and is lost", metadata: ["outcome": .string("\(outcome)")])
    }

    /// Ends early when cancelled, which here means "now".
    private static func pause(_ duration: Duration) async { try? await Task.sleep(for: duration) }
}
