internal import ArgumentParser
internal import BuildWorker

struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish one message as it is and wait until RabbitMQ has confirmed it.",
        discussion: """
            To the build queue, or another bound to the exchange with --queue. The message is not changed; one that the \
            worker could not read is published all the same, with a warning, and the worker will park it.
            """)

    @Argument(help: "A file with the message, or - for stdin.")
    var file: String

    @Option(name: .long, help: "The queue's name, which is its routing key.")
    var queue: String?

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let rabbitmq = try self.options.load().configuration.rabbitmq
        let body = try readMessage(self.file)
        do throws(BuildMessageError) {
            _ = try BuildMessage(decoding: body)
        } catch { printError("warning: the worker cannot read this message (\(error)); publishing it all the same") }
        let queue = self.queue ?? rabbitmq.queue
        var message = OutgoingMessage(exchange: rabbitmq.exchange, routingKey: queue, body: body)
        message.properties.contentType = "application/json"
        message.properties.appID = Product.name
        message.properties.timestamp = UInt64(Timestamp.now.secondsSince1970)
        switch await self.publish(message, rabbitmq) {
        case .confirmed: print("confirmed: \(body.count) bytes in queue \(queue)")
        case .returned(let reason):
            printError("RabbitMQ returned the message: nothing is bound to exchange \(rabbitmq.exchange) with key \(queue) (\(reason))")
            throw Exit.failed
        case .nacked:
            printError("RabbitMQ refused the message")
            throw Exit.failed
        case .unsendable(let reason), .refused(let reason):
            printError("the message cannot be published: \(reason)")
            throw Exit.failed
        case .unconfirmed(let reason):
            printError("not confirmed, the message may or may not be there: \(reason)")
            throw Exit.unavailable
        }
    }

    private func publish(_ message: OutgoingMessage, _ options: RabbitMQOptions) async -> PublishOutcome {
        let endpoint = AMQPEndpoint(options, connectionName: "\(Product.name) publish \(Product.version)")
        let connection = PublishingConnection(endpoint, confirmTimeout: .seconds(10), patience: .seconds(15)) { event in
            if case .disconnected(let error, _) = event { printError("\(error)") }
        }
        connection.start()
        let outcome = await connection.publish(message)
        connection.stop()
        await connection.waitUntilStopped()
        return outcome
    }
}
