internal import ArgumentParser
internal import BuildWorker
internal import Clients
internal import Foundation
internal import RabbitMQ
internal import Support

struct MessageArgument: ParsableArguments {
    @Argument(help: "A file with the message, or - for stdin.")
    var file: String

    func read() throws -> [UInt8] {
        if self.file == "-" { return [UInt8](try FileHandle.standardInput.readToEnd() ?? Data()) }
        do { return [UInt8](try Data(contentsOf: URL(fileURLWithPath: self.file))) } catch {
            throw Failure("cannot read \(self.file): \(error.localizedDescription)")
        }
    }
}

struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish one message as it is and wait until RabbitMQ has confirmed it.",
        discussion: """
            To the build queue, or another bound to the exchange with --queue. The message is not changed; one that the \
            worker could not read is published all the same, with a warning, and the worker will park it.
            """)

    @OptionGroup var message: MessageArgument
    @Option(name: .long, help: "The queue's name, which is its routing key.")
    var queue: String?
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let rabbitmq = try self.options.load().configuration.rabbitmq
        let body = try self.message.read()
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
            let lack = "nothing is bound to exchange \(rabbitmq.exchange) with key \(queue)"
            throw Failure("RabbitMQ returned the message: \(lack) (\(reason))")
        case .nacked: throw Failure("RabbitMQ refused the message")
        case .unsendable(let reason), .refused(let reason): throw Failure("the message cannot be published: \(reason)")
        case .unconfirmed(let reason):
            throw Failure("not confirmed, the message may or may not be there: \(reason)", .unavailable)
        }
    }

    private func publish(_ message: OutgoingMessage, _ options: RabbitMQOptions) async -> PublishOutcome {
        let endpoint = AMQPEndpoint(options, connectionName: "\(Product.name) publish \(Product.version)")
        let connection = PublishingConnection(endpoint, confirmTimeout: .seconds(10), timeout: .seconds(15)) { event in
            if case .disconnected(let error, _) = event { printError("\(error)") }
        }
        connection.start()
        let outcome = await connection.publish(message)
        connection.stop()
        await connection.waitUntilStopped()
        return outcome
    }
}

struct Pod: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the pod that a start message would make, as JSON.",
        discussion:
            "Nothing is sent anywhere. The pod holds the build's token as the launcher needs it: mind where you print it."
    )

    @OptionGroup var message: MessageArgument
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try self.options.load().configuration
        do {
            guard case .start(let build) = try BuildMessage(decoding: try self.message.read()).job else {
                throw Failure("only a start message makes a pod", .unreadableMessage)
            }
            if let unknown = ExecutorRoute(build, configuration.executor).unknown {
                printError(
                    "note: there is no executor \(String(unknown.prefix(100)).debugDescription) to be had; this is another's pod"
                )
            }
            let options = configuration.executor.options(for: build)
            print(
                try PodManifest(build: build, options: options, ecosystem: configuration.ecosystem).document.text(
                    indented: true))
        } catch let error as BuildMessageError {
            throw Failure("the message cannot be read: \(error)", .unreadableMessage)
        } catch let error as PodManifestError {
            throw Failure("no pod can be made of this message: \(error)", .unreadableMessage)
        }
    }
}
