/// Where a message has been, from its `x-death` header.
///
/// The broker keeps one entry a queue and reason, the latest first. The first entry is no use: after a stay in a
/// wait queue it is that queue's `expired` (measured on 3.10.8).
public struct DeathHistory: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let queue: String
        public let reason: String
        public let count: Int
    }

    public let entries: [Entry]

    /// Whatever in the header is not as the broker writes it is passed over: a client may have sent it.
    public init(headers: AMQPTable) {
        self.entries = (headers["x-death"]?.array ?? []).compactMap { element in
            guard let table = element.table, let queue = table["queue"]?.text, let reason = table["reason"]?.text else { return nil }
            return Entry(queue: queue, reason: reason, count: max(0, table["count"]?.integer ?? 1))
        }
    }

    /// How often `queue` rejected the message: the attempts made before this one.
    public func rejections(in queue: String) -> Int { self.count(queue, "rejected") }

    /// How often the message's time in `queue` ran out.
    public func expirations(in queue: String) -> Int { self.count(queue, "expired") }

    private func count(_ queue: String, _ reason: String) -> Int {
        self.entries.reduce(0) { $1.queue == queue && $1.reason == reason ? $0.addingReportingOverflow($1.count).partialValue : $0 }
    }
}
