internal import Logging
internal import Synchronization

/// Takes reports to the disk, off the path of the deliveries. A burst that the disk cannot follow is cut short: what is left out
/// is in the log and in the counts.
final class ReportWriter: Sendable {
    private static let longestLine = 1000

    private let store: ReportStore
    private let logger: Logger
    private let reports: AsyncStream<FailureReport>
    private let feed: AsyncStream<FailureReport>.Continuation
    /// Takes a report that could not be filed now.
    private let keep: @Sendable (FailureReport) -> Void
    private let isFailing = Atomic<Bool>(false)

    init(_ store: ReportStore, logger: Logger, keep: @escaping @Sendable (FailureReport) -> Void) {
        (self.store, self.logger, self.keep) = (store, logger, keep)
        (self.reports, self.feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.longestLine))
    }

    func add(_ report: FailureReport) { self.feed.yield(report) }

    /// Ends ``run()`` after what was added so far.
    func drain() { self.feed.finish() }

    func run() async {
        for await report in self.reports {
            do {
                let isFiled = try await OwnThread.run { try self.store.file(report) }
                if isFiled { self.isFailing.store(false, ordering: .relaxed) } else { self.complain("there are \(ReportStore.largestDay) of this day already") }
            } catch {
                self.complain("\(error)")
                self.keep(report)
            }
        }
    }

    /// Once for each time that it fails.
    private func complain(_ reason: String) {
        guard !self.isFailing.exchange(true, ordering: .relaxed) else { return }
        self.logger.error("failure reports cannot be filed now; they are in this log", metadata: ["error": .string(reason)])
    }
}
