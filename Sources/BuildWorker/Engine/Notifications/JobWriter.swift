internal import Logging
internal import ServiceLifecycle
internal import Spool
internal import Support
internal import Synchronization

/// Accepts jobs from callers that must not wait for the disk, and writes them in order. A crash loses the last ones.
final class JobWriter: Service {
    private struct Draft: Sendable {
        let queue: SpoolQueue
        let payload: JSONValue
        let orderKey: String?
        let at = Timestamp.now
    }

    static let limit = 1000
    private let drafts = Line<Draft>(limit: JobWriter.limit)
    /// Dropped since the last accepted job.
    private let refused = Atomic<Int>(0)
    private let logger: Logger
    private let onWritten: @Sendable (JobKind) -> Void
    private let onRefused: @Sendable (JobKind) -> Void

    init(
        logger: Logger, onWritten: @escaping @Sendable (JobKind) -> Void,
        onRefused: @escaping @Sendable (JobKind) -> Void = { _ in }
    ) {
        self.logger = logger
        self.onWritten = onWritten
        self.onRefused = onRefused
    }

    func add(_ payload: JSONValue, to queue: SpoolQueue, orderKey: String? = nil) {
        let draft = Draft(queue: queue, payload: payload, orderKey: orderKey)
        if !self.drafts.add(draft) { self.refuse(draft, "\(Self.limit) wait to be written") }
    }

    /// Runs until shutdown; jobs added by then are written, also when cancelled.
    func run() async {
        await self.drafts.consume { draft in
            do {
                _ = try await OwnThread.run {
                    try draft.queue.enqueue(draft.payload, orderKey: draft.orderKey, now: draft.at)
                }
                self.taken()
                self.onWritten(draft.queue.kind)
            } catch { self.refuse(draft, "\(error)") }
        }
    }

    /// Logs once per period of failure.
    private func refuse(_ draft: Draft, _ reason: String) {
        self.onRefused(draft.queue.kind)
        guard self.refused.add(1, ordering: .relaxed).oldValue == 0 else { return }
        self.logger.error(
            "the spool cannot be written: status updates and events are dropped until it can. Builds are not affected",
            metadata: ["spool": .string(draft.queue.kind.rawValue), "error": .string(reason)])
    }

    private func taken() {
        let refused = self.refused.exchange(0, ordering: .relaxed)
        if refused > 0 {
            self.logger.notice("the spool takes jobs again", metadata: ["dropped": .stringConvertible(refused)])
        }
    }
}
