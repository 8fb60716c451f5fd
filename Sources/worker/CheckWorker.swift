internal import ArgumentParser
internal import BuildWorker
internal import Foundation

struct CheckWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Whether the worker is alive, consumes and makes progress, and how long its oldest delivery has been in hand.",
        usage: "worker check worker [<options>]",
        discussion: """
            Asks the worker that runs here (on STATUS_PORT) or the one at --url. Where nobody listens on STATUS_PORT, its heartbeat file in SPOOL_DIRECTORY is \
            looked at instead. -w and -c are for the age of the oldest delivery in seconds: 300 and 900.

            With --alive it is CRITICAL only when a restart would mend it: as HEALTHCHECK of a container, and for other supervisors.
            """)
    @OptionGroup var check: CheckOptions
    @Option(name: .long, help: ArgumentHelp("The worker's address, for example http://10.1.2.3:8081.", valueName: "address"))
    var url: String?
    @Flag(name: .long, help: "Only whether it is alive. What others keep it from, an outage or missing queues, is fine.")
    var alive = false

    func run() async throws {
        await self.check.conclude { configuration in
            var check = WorkerCheck(heartbeat: configuration.rabbitmq.heartbeat)
            self.check.apply(to: &check.unackedAge)
            check.asksForLifeOnly = self.alive
            do throws(StatusQuestion.Failure) {
                // Before the time is up, so that the reason is told.
                return check.judge(try await StatusQuestion(url: self.url, configuration.status).ask(deadline: .seconds(self.check.timeout * 0.75)))
            } catch {
                switch error {
                case .noWorker: return CheckResult(.unknown, error.description)
                case .unreachable(_, let nobodyListens):
                    // A worker that takes the connection and says nothing is stuck, whatever it wrote a moment ago.
                    guard self.url == nil, nobodyListens else { return CheckResult(.critical, error.description) }
                    do throws(SpoolError) {
                        let host = ProcessInfo.processInfo.environment["HOSTNAME"] ?? ProcessInfo.processInfo.hostName
                        return check.judge(unreachable: error.description, try Heartbeat(of: configuration.spoolDirectory, host: host))
                    } catch let unreadable {
                        return CheckResult(.critical, "\(error.description), and \(unreadable)")
                    }
                }
            }
        }
    }
}
