internal import ArgumentParser
internal import BuildWorker

struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Show, check or make the exchange and queues.",
        discussion: "The names come from RABBITMQ_QUEUE, RABBITMQ_RETRYQUEUE and RABBITMQ_EXCHANGE. 'worker run' never declares anything.",
        subcommands: [Print.self, Check.self, Apply.self])

    struct Print: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print as JSON what 'apply' would declare, without a broker.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let configuration = try self.options.load().configuration
            print(Topology(configuration.rabbitmq, events: configuration.events).document.text(indented: true))
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare what is there with what should be, and explain every difference and danger.",
            discussion: "Changes nothing. Exit code 1 when there is a problem; warnings alone give 0.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let findings = try withBroker(try self.options.load().configuration) { try $0.check() }
            for finding in findings {
                let mark = finding.severity.rawValue.uppercased()
                print("\(mark)\(String(repeating: " ", count: max(1, 8 - mark.count)))\(finding.subject): \(finding.text)")
            }
            if findings.contains(where: { $0.severity == .problem }) { throw Exit.failed }
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Declare the exchange, queues and bindings.",
            discussion: "Existing objects stay as they are; one with other arguments ends this with the broker's words. Applying twice changes nothing.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let configuration = try self.options.load().configuration
            try withBroker(configuration) { try $0.apply() }
            let topology = Topology(configuration.rabbitmq, events: configuration.events)
            let exchanges = [topology.exchange, topology.eventsExchange].compactMap { $0 }
            print("\(exchanges.count == 1 ? "exchange" : "exchanges") \(exchanges.joined(separator: ", ")) and queues \(topology.queues.map(\.name).joined(separator: ", ")) are declared")
        }
    }
}

/// Connects, runs `body`, and says in one line what went wrong.
private func withBroker<Result>(_ configuration: WorkerConfiguration, _ body: (TopologyAdministration) throws -> Result) throws -> Result {
    do {
        let administration = try TopologyAdministration(configuration.rabbitmq, events: configuration.events)
        defer { administration.close() }
        return try body(administration)
    } catch let error as AMQPError {
        printError("\(error)")
        throw error.isRetriable ? Exit.unavailable : Exit.failed
    }
}
