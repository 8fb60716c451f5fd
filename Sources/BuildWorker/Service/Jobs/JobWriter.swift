internal import Logging
internal import Synchronization

/// Takes jobs from those who must not wait for a disk, and writes them down one after another, in order.
///
/// What a crash can lose are the jobs of the last moments, those not synced yet: notes and events, never what a build's fate depends on.
final class JobWriter: Sendable {
    private struct Draft: Sendable {
        let queue: SpoolQueue
        let payload: JSONValue
        let orderKey: String?
        let at = Timestamp.now
    }

    private struct State {
        var drafts: ArraySlice<Draft> = []
        /// Refused since the last that was taken.
        var refused = 0
    }

    /// Jobs that wait to be written.
    static let limit = 1000
    private let state = Mutex(State())
    private let wakeups = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let logger: Logger
    private let onWritten: @Sendable (JobKind) -> Void
    private let onRefused: @Sendable (JobKind) -> Void

    /// - Parameter onWritten: wakes who runs them.
    init(logger: Logger, onWritten: @escaping @Sendable (JobKind) -> Void, onRefused: @escaping @Sendable (JobKind) -> Void = { _ in }) {
        (self.logger, self.onWritten, self.onRefused) = (logger, onWritten, onRefused)
    }

    /// Returns at once.
    func add(_ payload: JSONValue, to queue: SpoolQueue, orderKey: String? = nil) {
        let draft = Draft(queue: queue, payload: payload, orderKey: orderKey)
        let isTaken = self.state.withLock { state in
            guard state.drafts.count < Self.limit else { return false }
            state.drafts.append(draft)
            return true
        }
        if isTaken { self.wakeups.continuation.yield() } else { self.refused(draft, "\(Self.limit) wait to be written") }
    }

    /// Until told to ``drain()``; what was added before is written first, also when cancelled.
    func run() async {
        for await _ in self.wakeups.stream { await self.flush() }
        await self.flush()
    }

    func drain() { self.wakeups.continuation.finish() }

    private func flush() async {
        while let draft = self.state.withLock({ $0.drafts.popFirst() }) {
            do {
                _ = try await OwnThread.run { try draft.queue.enqueue(draft.payload, orderKey: draft.orderKey, now: draft.at) }
                self.taken()
                self.onWritten(draft.queue.kind)
            } catch { self.refused(draft, "\(error)") }
        }
    }

    /// Said once for as long as it lasts.
    private func refused(_ draft: Draft, _ reason: String) {
        self.onRefused(draft.queue.kind)
        let isFirst = self.state.withLock { state in
            state.refused += 1
            return state.refused == 1
        }
        guard isFirst else { return }
        self.logger.error(
            "the spool takes no more: notes and events are dropped until it does. Builds are not affected",
            metadata: ["spool": .string(draft.queue.kind.rawValue), "error": .string(reason)])
    }

    private func taken() {
        let refused = self.state.withLock { state in
            defer { state.refused = 0 }
            return state.refused
        }
        if refused > 0 { self.logger.notice("the spool takes jobs again", metadata: ["dropped": .stringConvertible(refused)]) }
    }
}
