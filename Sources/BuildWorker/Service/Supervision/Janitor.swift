internal import Logging
internal import Synchronization

/// Housekeeping, every half minute or so: looks at the queues, and removes what nobody removes otherwise. Nothing here is needed
/// for a build's fate, so whatever fails is said and tried again next time.
final class Janitor: Sendable {
    private let options: JanitorOptions
    private let rabbitmq: RabbitMQOptions
    private let survey: QueueSurvey
    private let pods: PodSweep
    private let secrets: SecretSweep
    private let adoption: PodAdoption
    /// Other chores, on a thread that may block. One that fails is said, and tried again next time.
    private let chores: [@Sendable () throws -> Void]
    private let logger: Logger
    private let drained = AsyncStream<Void>.makeStream()
    private let isLooking = Atomic<Bool>(false)

    init(
        _ configuration: WorkerConfiguration, clusters: BuildClusters, buildAPI: BuildAPIClient, survey: QueueSurvey, verifications: LocalVerifications, health: Health, meters: Meters,
        chores: [@Sendable () throws -> Void] = [], logger: Logger
    ) {
        (self.options, self.rabbitmq, self.survey, self.chores, self.logger) = (configuration.janitor, configuration.rabbitmq, survey, chores, logger)
        self.pods = PodSweep(configuration, clusters: clusters, buildAPI: buildAPI, meters: meters, logger: logger)
        self.secrets = SecretSweep(clusters: clusters, meters: meters, logger: logger)
        self.adoption = PodAdoption(configuration.rabbitmq, clusters: clusters, verifications: verifications, health: health, logger: logger)
    }

    /// Until told to ``drain()``.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await self.clean() }
            group.addTask { for await _ in self.drained.stream {} }
            await group.next()
            group.cancelAll()
        }
    }

    /// Ends ``run()``.
    func drain() { self.drained.continuation.finish() }

    private func clean() async {
        var isFirst = true
        while !Task.isCancelled {
            // Spread out: workers that were started together would all ask at the same moment.
            let pause = isFirst ? Duration.seconds(1) : self.options.interval * Double.random(in: 0.8...1.2)
            do { try await Task.sleep(for: pause) } catch { return }
            isFirst = false
            self.lookAtQueues()
            await self.pods.sweep()
            await self.secrets.sweep()
            await self.adoption.sweep()
            for chore in self.chores {
                do { try await OwnThread.run(chore) } catch { self.logger.warning("housekeeping failed", metadata: ["error": .string("\(error)")]) }
            }
        }
    }

    /// On a thread that ends by itself and that nobody waits for: a broker that does not answer holds it for long, and a drain cannot
    /// wait for that.
    private func lookAtQueues() {
        guard !self.isLooking.exchange(true, ordering: .relaxed) else { return }
        let (options, names) = (self.rabbitmq, self.survey.names)
        OwnThread.start {
            defer { self.isLooking.store(false, ordering: .relaxed) }
            do throws(AMQPError) {
                let administration = try TopologyAdministration(options)
                defer { administration.close() }
                var counts: [String: (ready: Int, consumers: Int)] = [:]
                for name in names { counts[name] = try administration.counts(of: name) }
                self.report(names.filter { counts[$0] == nil })
                self.survey.update(counts)
            } catch {
                // The worker's own connections say what is wrong, louder.
                self.logger.debug("cannot look at the queues", metadata: ["error": .string(error.description)])
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
