public import Logging
public import ServiceLifecycle

/// Ends the worker when there is nothing left to do anywhere.
///
/// The broker tells how many messages wait in a queue, not how many somebody has in hand. So a worker that sees no work stops
/// consuming, and whoever still consumes may have something in hand: it ends when nobody else consumes and all queues
/// are empty, three looks in a row (a message on its way between two queues is in neither for a moment), or when they stay
/// empty for so long that nothing can be in hand.
public struct IdleWatch: Service {
    private static let interval = Duration.milliseconds(500)
    private static let looks = 3
    /// The longest a delivery is in hand, with some to spare: a few requests and their retries.
    private static let longestHandling = Duration.seconds(120)

    private let options: RabbitMQOptions
    private let worker: Worker
    private let logger: Logger

    /// What one look shows.
    private enum Look {
        case busy
        /// Empty queues, but others consume.
        case othersMayBeBusy
        case idle
    }

    public init(_ options: RabbitMQOptions, worker: Worker, logger: Logger) {
        (self.options, self.worker, self.logger) = (options, worker, logger)
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.watch() }
    }

    private func watch() async {
        var idleLooks = 0
        var quietSince: ContinuousClock.Instant?
        while idleLooks < Self.looks {
            do { try await Task.sleep(for: Self.interval) } catch { return }
            let look = await self.look(isConsuming: quietSince == nil)
            switch look {
            case .busy:
                self.worker.intake.resume(from: .idle)
                (idleLooks, quietSince) = (0, nil)
            case .othersMayBeBusy, .idle:
                self.worker.intake.pause(for: .idle)
                let since = quietSince ?? .now
                quietSince = since
                idleLooks = look == .idle ? idleLooks + 1 : 0
                if since + Self.longestHandling < .now {
                    self.logger.info("the queues have long been empty, though others consume them too")
                    return
                }
            }
        }
        self.logger.info("nothing is left to do")
    }

    /// - Parameter isConsuming: this worker's own consumers are still there.
    private func look(isConsuming: Bool) async -> Look {
        guard self.worker.isIdle else { return .busy }
        // Where this worker cannot see the broker it cannot know.
        if isConsuming, !self.worker.health.brokerProblems.isEmpty { return .busy }
        do {
            let options = self.options
            let look = try await OwnThread.run { try Self.look(options) }
            return self.worker.isIdle ? look : .busy
        } catch {
            self.logger.debug("cannot look at the queues", metadata: ["error": .string("\(error)")])
            return .busy
        }
    }

    /// Blocks. Parked messages wait for people, not for this worker.
    private static func look(_ options: RabbitMQOptions) throws(AMQPError) -> Look {
        let administration = try TopologyAdministration(options)
        defer { administration.close() }
        let others = [options.queue, options.retryQueue].map(Topology.conventionalWaitQueue(of:))
        let names = Topology(options).queues.map(\.name).filter { $0 != options.parkedQueue } + others
        var consumers = 0
        for name in names {
            guard let counts = try administration.counts(of: name) else { continue }
            if counts.ready > 0 { return .busy }
            consumers += counts.consumers
        }
        return consumers == 0 ? .idle : .othersMayBeBusy
    }
}
