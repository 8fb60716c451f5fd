/// A message's dead-letter history, from its `x-death` header.
///
/// The broker keeps one entry per queue and reason, the latest first. The first entry is not usable: after a wait
/// queue it is that queue's `expired` (measured on 3.10.8).
package struct DeathHistory: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let queue: String
        package let reason: String
        package let count: Int
    }

    package let entries: [Entry]
    /// The header was written by a client, not a broker. Such a message must not be rejected: on 3.10.8 it crashes
    /// at-least-once dead-lettering for all queues of the node until that is restarted.
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

    /// How often `queue` rejected the message, that is, earlier attempts.
    package func rejections(in queue: String) -> Int { self.count(queue, "rejected") }

    /// If rejected, the message would never leave the wait queue (3.10.8 logs `Dead-letter queues cycle detected`).
    ///
    /// On the way back to `queue` the broker checks the first entry with that name, and appends its own. If a client,
    /// or an earlier queue with that name, left a reason other than `rejected`, it detects a cycle that never ends.
    package func isTrap(in queue: String) -> Bool {
        self.entries.contains { $0.queue == queue && $0.reason != "rejected" }
    }

    /// How often the message expired in `queue`.
    package func expirations(in queue: String) -> Int { self.count(queue, "expired") }

    private func count(_ queue: String, _ reason: String) -> Int {
        self.entries.reduce(0) { sum, entry in
            guard entry.queue == queue, entry.reason == reason else { return sum }
            let (next, isOverflow) = sum.addingReportingOverflow(entry.count)
            return isOverflow ? .max : next
        }
    }
}
