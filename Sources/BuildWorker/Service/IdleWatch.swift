public import Logging
public import ServiceLifecycle

/// Ends the worker when there is nothing left to do: all queues empty and nothing in hand, three looks in a row, because a
/// message on its way between two queues is in neither for a moment.
public struct IdleWatch: Service {
    private let options: RabbitMQOptions
    private let worker: Worker
    private let logger: Logger

    public init(_ options: RabbitMQOptions, worker: Worker, logger: Logger) {
        (self.options, self.worker, self.logger) = (options, worker, logger)
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.watch() }
    }

    private func watch() async {
        var quietLooks = 0
        while quietLooks < 3 {
            do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
            quietLooks = await self.isQuiet() ? quietLooks + 1 : 0
        }
        self.logger.info("nothing is left to do")
    }

    private func isQuiet() async -> Bool {
        guard self.worker.isIdle, self.worker.health.brokerProblems.isEmpty else { return false }
        do {
            let options = self.options
            return try await OwnThread.run { try Self.areEmpty(options) } && self.worker.isIdle
        } catch {
            self.logger.debug("cannot look at the queues", metadata: ["error": .string("\(error)")])
            return false
        }
    }

    /// Blocks. Parked messages wait for people, not for this worker.
    private static func areEmpty(_ options: RabbitMQOptions) throws(AMQPError) -> Bool {
        let administration = try TopologyAdministration(options)
        defer { administration.close() }
        for queue in Topology(options).queues where queue.name != options.parkedQueue {
            guard try administration.depth(of: queue.name) ?? 0 == 0 else { return false }
        }
        return true
    }
}
