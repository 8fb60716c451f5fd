internal import ArgumentParser
internal import BuildWorker

struct CheckQueues: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "How deep the queues are, whether anybody consumes them, what is parked, and whether they are as they should be.",
        usage: "worker check queues [<options>]",
        discussion: """
            -w and -c are for the messages that are ready in the build, wait, retry and retry wait queue, of each: 100 and 1000. Where a worker \
            answers on STATUS_PORT, the init timers that it waits for are compared with those that are there.
            """)
    @OptionGroup var check: CheckOptions
    @Option(name: .long, help: ArgumentHelp("The address of a worker to compare init timers with.", valueName: "address"))
    var url: String?
    @Flag(name: .long, help: "Differences of the topology that lose no message are fine: for queues that somebody else made.")
    var acceptDrift = false

    func run() async throws {
        var check = QueuesCheck()
        self.check.apply(to: &check.depth)
        check.acceptsDrift = self.acceptDrift
        await self.check.conclude { configuration in
            // First, so that what is armed meanwhile cannot be missing.
            let timers = await self.expectedTimers(configuration.status)
            let view = await ManagementAPI(configuration.rabbitmq).view(of: Topology(configuration.rabbitmq))
            do throws(AMQPError) {
                let administration = try TopologyAdministration(configuration.rabbitmq, view: view)
                defer { administration.close() }
                let places = try administration.survey()
                let queues = configuration.rabbitmq.queues.map { queue in
                    let place = places.first { $0.wantedName == queue.name }
                    return QueuesCheck.Queue(queue.role, place?.name ?? queue.name, ready: place?.ready, consumers: place?.consumers)
                }
                return check.judge(queues, try administration.check(places), expectedTimers: timers)
            } catch { return CheckResult(.critical, error.description) }
        }
    }

    /// Those with the broker; `nil` where no worker answers: whether one should is for 'check worker' to say.
    private func expectedTimers(_ server: ServerOptions) async -> Int? {
        do throws(StatusQuestion.Failure) {
            let timers = try await StatusQuestion(url: self.url, server).ask(deadline: .seconds(min(2, self.check.timeout / 4)))["timers"]
            return timers?["expected"]?.integer.map { max(0, $0 - (timers?["local"]?.integer ?? 0)) }
        } catch { return nil }
    }
}
