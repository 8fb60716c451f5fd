internal import Logging
internal import RabbitMQ
internal import Support

extension ConnectionEvent {
    /// - Parameter isNews: `false`: the state did not change.
    func log(to logger: Logger, connection: String, isNews: Bool = true) {
        func metadata(_ more: Logger.Metadata = [:]) -> Logger.Metadata {
            let metadata = more.merging(["connection": .string(connection)]) { first, _ in first }
            return self.code.map { .of($0, metadata) } ?? metadata
        }
        switch self {
        case .connected(let host):
            logger.info("rabbitmq server connected!", metadata: metadata(["host": .string(host)]))
        case .disconnected(let error, let pause):
            logger.warning(
                "not connected to RabbitMQ, trying again",
                metadata: metadata(["error": .string(error.description), "retryIn": .string(pause.formatted)]))
        case .consuming(let queue): logger.info("waiting for messages in queues: \(queue)", metadata: metadata())
        case .consumerLost(let queue, _, let reason, let pause) where Self.isTakenBack(reason):
            logger.error(
                "RabbitMQ requeued the deliveries in flight of queue \(queue): a delivery was not settled within its consumer_timeout. What is slow? /status shows what each delivery waits for; CONCURRENCY_* limits make deliveries wait, too",
                metadata: metadata(["error": .string(reason), "retryIn": .string(pause.formatted)]))
        case .consumerLost(let queue, _, let reason, let pause):
            logger.log(
                level: isNews ? .error : .debug,
                "queue \(queue) is not consumed, trying again. Does it exist? May the user read it? 'worker topology check' explains",
                metadata: metadata(["error": .string(reason), "retryIn": .string(pause.formatted)]))
        case .stopped(let queue): logger.info("no more deliveries from queue \(queue)", metadata: metadata())
        case .blocked(let reason):
            logger.warning(
                "RabbitMQ blocked the connection (resource alarm); publishing paused",
                metadata: metadata(["reason": .string(reason)]))
        case .unblocked: logger.info("RabbitMQ takes messages again", metadata: metadata())
        case .publishingRefused(let reason):
            logger.error(
                "this worker's RabbitMQ user may not publish where it should: what goes there is taken for what no queue takes. Grant it 'write' (rabbitmqctl set_permissions)",
                metadata: metadata(["error": .string(reason)]))
        case .channelRenewed:
            logger.info("RabbitMQ refused a message: publishing goes on over a new channel", metadata: metadata())
        }
    }

    private var code: LogCode? {
        switch self {
        case .disconnected: .disconnected
        case .consumerLost(_, _, let reason, _): Self.isTakenBack(reason) ? .takenBack : .queueLost
        case .stopped: .queueStopped
        case .blocked: .publishingBlocked
        case .connected, .consuming, .unblocked, .publishingRefused, .channelRenewed: nil
        }
    }

    /// `consumer_timeout`, half an hour by default: the broker requeues everything in flight on the channel.
    private static func isTakenBack(_ reason: String) -> Bool { reason.contains("delivery acknowledgement") }
}
