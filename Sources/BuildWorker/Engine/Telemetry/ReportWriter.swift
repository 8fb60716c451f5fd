internal import Logging
internal import ServiceLifecycle
internal import Support
internal import Synchronization

/// Writes reports to disk in the background. In a burst reports are dropped; they are still logged and counted.
final class ReportWriter: Service {
    private let store: ReportStore
    private let logger: Logger
    private let reports = Line<FailureReport>(limit: 1000)
    private let keep: @Sendable (FailureReport) -> Void
    private let isFailing = Atomic<Bool>(false)

    init(_ store: ReportStore, logger: Logger, keep: @escaping @Sendable (FailureReport) -> Void) {
        self.store = store
        self.logger = logger
        self.keep = keep
    }

    func add(_ report: FailureReport) { _ = self.reports.add(report) }

    /// Runs until shutdown; reports added by then are filed.
    func run() async { await self.reports.consume(self.file) }

    func flush() async { await self.reports.consumeWaiting(self.file) }

    private func file(_ report: FailureReport) async {
        do {
            let isFiled = try await OwnThread.run { try self.store.file(report) }
            if isFiled {
                self.isFailing.store(false, ordering: .relaxed)
            } else {
                self.complain("there are \(ReportStore.largestDay) of this day already")
            }
        } catch {
            self.complain("\(error)")
            self.keep(report)
        }
    }

    /// Logs once per period of failure.
    private func complain(_ reason: String) {
        guard !self.isFailing.exchange(true, ordering: .relaxed) else { return }
        self.logger.error(
            "failure reports cannot be filed now; they are in this log", metadata: ["error": .string(reason)])
    }
}
