internal import Logging

/// Init timers for a broker that has no init queue: kept in this process, handed to the retry queue when they fire
/// or when the worker drains. A process that is killed forgets its own; `worker topology apply` makes a queue that does not.
final class LocalTimers: Sendable {
    private let timeout: Duration
    private let publish: @Sendable (OutgoingMessage) async -> PublishOutcome
    private let logger: Logger
    private let timers: AsyncStream<OutgoingMessage>
    private let feed: AsyncStream<OutgoingMessage>.Continuation

    init(timeout: Duration, logger: Logger, publish: @escaping @Sendable (OutgoingMessage) async -> PublishOutcome) {
        (self.timeout, self.logger, self.publish) = (timeout, logger, publish)
        (self.timers, self.feed) = AsyncStream.makeStream()
    }

    /// `message` is published when the timeout is over.
    func keep(_ message: OutgoingMessage) { self.feed.yield(message) }

    /// Hands everything over now; ``run()`` then ends.
    func drain() { self.feed.finish() }

    /// Fires timers until drained.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await message in self.timers { group.addTask { await self.fire(message) } }
            // Draining: who sleeps wakes, and hands over at once.
            group.cancelAll()
        }
    }

    private func fire(_ message: OutgoingMessage) async {
        var backoff = Backoff(first: .seconds(1), limit: .seconds(60))
        var random = SystemRandomNumberGenerator()
        await Self.pause(self.timeout)
        while true {
            let outcome = await self.publish(message)
            guard outcome != .confirmed else { return }
            guard !Task.isCancelled else {
                self.logger.error("an init timer could not be handed over and is lost", metadata: ["outcome": .string("\(outcome)")])
                return
            }
            self.logger.warning("an init timer could not be handed over, trying again", metadata: ["outcome": .string("\(outcome)")])
            await Self.pause(backoff.next(using: &random))
        }
    }

    /// Ends early when cancelled, which here means "now".
    private static func pause(_ duration: Duration) async { try? await Task.sleep(for: duration) }
}
