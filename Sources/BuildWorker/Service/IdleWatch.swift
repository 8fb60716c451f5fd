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
            quietLooks = self.isQuiet() ? quietLooks + 1 : 0
        }
        self.logger.info("nothing is left to do")
    }

    private func isQuiet() -> Bool {
        guard self.worker.deliveriesInHand == 0, self.worker.health.problems.isEmpty else { return false }
        do throws(AMQPError) {
            let administration = try TopologyAdministration(self.options)
            defer { administration.close() }
            for queue in Topology(self.options).queues where queue.name != self.options.parkedQueue {
                guard try administration.depth(of: queue.name) ?? 0 == 0 else { return false }
            }
            return self.worker.deliveriesInHand == 0
        } catch {
            self.logger.debug("cannot look at the queues", metadata: ["error": .string(error.description)])
            return false
        }
    }
}
