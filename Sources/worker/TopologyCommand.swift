internal import ArgumentParser
internal import BuildWorker
internal import Foundation
internal import RabbitMQ
internal import Support

struct TopologyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology",
        abstract: "Show, check or make the exchange and queues.",
        discussion:
            "The names come from RABBITMQ_QUEUE, RABBITMQ_RETRYQUEUE and RABBITMQ_EXCHANGE. 'worker run' never declares anything.",
        subcommands: [Print.self, Check.self, Apply.self])

    struct Print: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print as JSON what 'apply' would declare, without a broker.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let configuration = try self.options.load().configuration
            print(
                Topology(configuration.rabbitmq, eventsExchange: configuration.events.exchange).document.text(
                    indented: true))
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare what is there with what should be, and explain every difference and danger.",
            discussion: "Changes nothing. Exit code 1 when there is a problem; warnings alone give 0.")
        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            let findings = try await withBroker(try self.options.load().configuration) { try $0.check(try $0.survey()) }
            for finding in findings {
                print("\(padded(finding.severity.rawValue.uppercased(), 8))\(finding.subject): \(finding.text)")
            }
            if findings.contains(where: { $0.severity == .problem }) { throw ExitCode(.failed) }
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add what is missing of the exchange, queues and bindings.",
            discussion: """
                What is there stays as it is, whoever made it, and is named with the reason. What the user may not do is said, and the rest is \
                done. Twice changes nothing. Exit code 1 when something that is needed could not be made.
                """)
        @OptionGroup var options: ConfigurationOptions
        @Flag(name: .long, help: "Show what would be done, and change nothing.")
        var plan = false

        func run() async throws {
            let isPlan = self.plan
            try await withBroker(try self.options.load().configuration) { administration in
                let application = try administration.apply(isPlan: isPlan) { step in
                    let word = isPlan && step.kind == .made ? "to be made" : step.kind.rawValue
                    print("\(padded(word, 12))\(step.subject): \(step.text)")
                }
                if isPlan { print("Nothing was changed.") }
                if let help = administration.help(for: application) { printError(help) }
                if !application.isComplete { throw ExitCode(.failed) }
            }
        }
    }
}

private func withBroker<Result>(
    _ configuration: WorkerConfiguration, _ body: (TopologyAdministration) throws -> Result
) async throws -> Result {
    let (rabbitmq, exchange) = (configuration.rabbitmq, configuration.events.exchange)
    let view = await ManagementAPI(rabbitmq).view(of: Topology(rabbitmq, eventsExchange: exchange))
    let administration = try TopologyAdministration(rabbitmq, eventsExchange: exchange, view: view)
    defer { administration.close() }
    return try body(administration)
}

private func padded(_ word: String, _ width: Int) -> String {
    word.padding(toLength: width, withPad: " ", startingAt: 0)
}
