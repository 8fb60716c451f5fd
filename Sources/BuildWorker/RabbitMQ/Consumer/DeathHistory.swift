/// Where a message has been, from its `x-death` header.
///
/// The broker keeps one entry a queue and reason, the latest first. The first entry is no use: after a stay in a
/// wait queue it is that queue's `expired` (measured on 3.10.8).
package struct DeathHistory: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let queue: String
        package let reason: String
        package let count: Int
    }

    package let entries: [Entry]
    /// The header is there, but not as a broker writes it: a client sent it. Such a message must not be rejected: on
    /// 3.10.8 it crashes the broker's at-least-once dead-lettering, for all queues of the node, until that is restarted.
    package let isMalformed: Bool

    package init(headers: AMQPTable) {
        guard let header = headers["x-death"] else {
            (self.entries, self.isMalformed) = ([], false)
            return
        }
        let elements = header.array
        self.entries = (elements ?? []).compactMap { element in
            guard let table = element.table, let queue = table["queue"]?.text, let reason = table["reason"]?.text,
                let count = table["count"]?.integer
            else { return nil }
            return Entry(queue: queue, reason: reason, count: max(0, count))
        }
        self.isMalformed = self.entries.count != elements?.count
    }

    /// How often `queue` rejected the message: the attempts made before this one.
    package func rejections(in queue: String) -> Int { self.count(queue, "rejected") }

    /// Rejected, the message would stay in the wait queue for ever (RabbitMQ 3.10.8, which logs `Dead-letter queues cycle detected`).
    ///
    /// On its way back to `queue` the broker looks at the first entry of that name, and its own new entry goes behind those that are there:
    /// where a client, or a queue of that name before, has put another reason than `rejected`, it sees a cycle that nobody breaks.
    package func isTrap(in queue: String) -> Bool {
        self.entries.contains { $0.queue == queue && $0.reason != "rejected" }
    }

    /// How often the message's time in `queue` ran out.
    package func expirations(in queue: String) -> Int { self.count(queue, "expired") }

    private func count(_ queue: String, _ reason: String) -> Int {
        self.entries.reduce(0) { sum, entry in
            guard entry.queue == queue, entry.reason == reason else { return sum }
            let (next, isOverflow) = sum.addingReportingOverflow(entry.count)
            return isOverflow ? .max : next
        }
    }
}
