package import Logging
package import RabbitMQ
internal import ServiceLifecycle
package import Support

/// Ends the worker when no work is left anywhere.
///
/// The broker does not report messages in flight elsewhere. So an idle worker stops consuming; it ends after three
/// checks in a row with empty queues and no consumer, or once the queues were empty for longer than any delivery takes.
package struct IdleWatch: Service {
    private static let interval = Duration.milliseconds(500)
    private static let looks = 3
    /// The longest time in flight, with margin: a few requests and their retries.
    private static let longestHandling = Duration.seconds(120)

    let intake: Intake
    /// Nothing in flight in this worker, and no local timer.
    let isIdle: @Sendable () -> Bool
    let isConsuming: @Sendable () -> Bool
    let look: @Sendable () async throws -> Look
    let clock: any MonotonicClock
    let logger: Logger

    enum Look {
        case busy
        /// Queues are empty, but others consume.
        case othersMayBeBusy
        case idle
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.watch() }
    }

    private func watch() async {
        var idleLooks = 0
        var quietSince: ContinuousClock.Instant?
        while idleLooks < Self.looks {
            guard await self.clock.pause(Self.interval) else { return }
            let look = await self.look(isTaking: quietSince == nil)
            switch look {
            case .busy:
                self.intake.resume(from: .idle)
                (idleLooks, quietSince) = (0, nil)
            case .othersMayBeBusy, .idle:
                self.intake.pause(for: .idle)
                let since = quietSince ?? self.clock.now
                quietSince = since
                idleLooks = look == .idle ? idleLooks + 1 : 0
                if since + Self.longestHandling < self.clock.now {
                    self.logger.info("the queues have long been empty, though others consume them too")
                    return
                }
            }
        }
        self.logger.info("nothing is left to do")
    }

    /// - Parameter isTaking: this worker's own consumers should be active.
    private func look(isTaking: Bool) async -> Look {
        guard self.isIdle() else { return .busy }
        // Without its consumers the worker cannot judge.
        if isTaking, !self.isConsuming() { return .busy }
        do {
            let look = try await self.look()
            return self.isIdle() ? look : .busy
        } catch {
            self.logger.debug("cannot look at the queues", metadata: ["error": .string("\(error)")])
            return .busy
        }
    }
}

extension IdleWatch {
    package init(_ options: RabbitMQOptions, worker: Worker, clock: any MonotonicClock, logger: Logger) {
        self.init(
            intake: worker.intake, isIdle: { worker.isIdle }, isConsuming: { worker.health.brokerProblems.isEmpty },
            look: { try await OwnThread.run { try Self.look(options) } }, clock: clock, logger: logger)
    }

    /// Blocks. Ignores the parked queue, which waits for operators.
    private static func look(_ options: RabbitMQOptions) throws(AMQPError) -> Look {
        let others = [options.queue, options.retryQueue].map(Topology.conventionalWaitQueue(of:))
        let names = Topology(options).queues.map(\.name).filter { $0 != options.parkedQueue } + others
        let counts = try TopologyAdministration.counts(of: names, options).values
        if counts.contains(where: { $0.ready > 0 }) { return .busy }
        return counts.allSatisfy { $0.consumers == 0 } ? .idle : .othersMayBeBusy
    }
}
