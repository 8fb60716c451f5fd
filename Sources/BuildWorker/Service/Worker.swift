public import Logging
public import ServiceLifecycle

/// The worker: two connections to the broker, and between them a task for every delivery.
///
/// `Delivery → BuildCommand → (nextAction → perform → Fact)* → Settlement`
public final class Worker: Service {
    private let configuration: WorkerConfiguration
    private let logger: Logger
    private let consuming: ConsumingConnection
    private let publishing: PublishingConnection
    private let timers: LocalTimers
    private let processor: DeliveryProcessor
    private let inHand = InHand()
    public let health: Health

    /// - Parameters:
    ///   - host: this worker's name for the management UI: the pod's or the machine's.
    public init(_ configuration: WorkerConfiguration, host: String, logger: Logger) {
        let rabbitmq = configuration.rabbitmq
        let queues = [rabbitmq.queue] + (rabbitmq.retryQueueEnabled ? [rabbitmq.retryQueue] : [])
        let health = Health(queues: queues)
        let endpoint = AMQPEndpoint(rabbitmq, connectionName: "\(Product.name) \(host) \(Product.version)")
        let publishing = PublishingConnection(endpoint) { event in
            health.publishing(event)
            event.log(to: logger, connection: "publish")
        }
        let consuming = ConsumingConnection(endpoint, queues: queues, prefetch: rabbitmq.prefetchCount, host: host) { event in
            health.consuming(event)
            event.log(to: logger, connection: "consume")
        }
        let publish: @Sendable (OutgoingMessage) async -> PublishOutcome = { await publishing.publish($0) }
        let timers = LocalTimers(timeout: rabbitmq.initTimeout, logger: logger, publish: publish)
        let transport = HTTPTransport()
        let kubernetes = configuration.executor.kubernetes
        let performer = ActionPerformer(
            configuration: configuration, kubernetes: KubernetesClient(options: kubernetes, transport: transport),
            buildAPI: BuildAPIClient(transport: transport, deadline: kubernetes.requestTimeout), publish: publish, timers: timers, health: health)
        self.processor = DeliveryProcessor(
            rules: WorkflowRules(
                reprocessLimit: rabbitmq.messageReprocessLimit, verifyLimit: rabbitmq.verifyLimit, initTimeout: rabbitmq.initTimeout,
                usesRetryQueue: rabbitmq.retryQueueEnabled),
            options: rabbitmq, logger: logger, stoppedBuilds: StoppedBuilds(), buildOrder: BuildOrder(), perform: performer.perform)
        (self.configuration, self.logger, self.health) = (configuration, logger, health)
        (self.consuming, self.publishing, self.timers) = (consuming, publishing, timers)
    }

    /// Nothing is being handled, and no timer runs here.
    public var isIdle: Bool { self.inHand.count == 0 && self.timers.count == 0 }

    /// Takes deliveries until the graceful shutdown, settles what is in hand, and closes. When cancelled meanwhile (the
    /// drain took too long) it closes at once, and what is not settled goes back to its queue.
    public func run() async throws {
        self.publishing.start()
        self.consuming.start()
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await withTaskGroup { group in
                    group.addTask { await self.timers.run() }
                    group.addTask { await self.handleDeliveries() }
                    await group.waitForAll()
                }
            } onGracefulShutdown: {
                self.logger.info("draining: no more deliveries are taken", metadata: ["inHand": .stringConvertible(self.inHand.count)])
                self.health.draining()
                self.consuming.drain()
                self.timers.drain()
            }
        } onCancel: {
            self.logger.warning("stopping at once: what is not settled goes back to its queue", metadata: ["inHand": .stringConvertible(self.inHand.count)])
            self.consuming.stop()
            self.publishing.stop()
        }
        self.consuming.stop()
        await self.consuming.waitUntilStopped()
        self.publishing.stop()
        await self.publishing.waitUntilStopped()
        self.logger.info("drained")
    }

    /// A task a delivery; the prefetch bounds how many there are.
    private func handleDeliveries() async {
        await withDiscardingTaskGroup { group in
            for await delivery in self.consuming.deliveries {
                self.inHand.began()
                // Here, in the order of arrival: tasks begin in any order.
                let prepared = self.processor.prepare(delivery)
                group.addTask {
                    let settlement = await self.processor.process(prepared)
                    self.consuming.settle(delivery.tag, as: settlement)
                    self.inHand.ended()
                }
            }
        }
    }
}

extension ConnectionEvent {
    func log(to logger: Logger, connection: String) {
        func metadata(_ more: Logger.Metadata = [:]) -> Logger.Metadata {
            more.merging(["connection": .string(connection)]) { first, _ in first }
        }
        switch self {
        case .connected(let host): logger.info("rabbitmq server connected!", metadata: metadata(["host": .string(host)]))
        case .disconnected(let error, let pause):
            logger.warning(
                "not connected to RabbitMQ, trying again", metadata: metadata(["error": .string(error.description), "retryIn": .string(pause.inWords)]))
        case .consuming(let queue): logger.info("waiting for messages in queues: \(queue)", metadata: metadata())
        case .consumerLost(let queue, let reason, let pause):
            logger.error(
                "queue \(queue) is not consumed, trying again. Does it exist? 'worker topology check' explains",
                metadata: metadata(["error": .string(reason), "retryIn": .string(pause.inWords)]))
        case .stopped(let queue): logger.info("no more deliveries from queue \(queue)", metadata: metadata())
        case .blocked(let reason):
            logger.warning("RabbitMQ takes no messages (an alarm): publishing waits", metadata: metadata(["reason": .string(reason)]))
        case .unblocked: logger.info("RabbitMQ takes messages again", metadata: metadata())
        }
    }
}
