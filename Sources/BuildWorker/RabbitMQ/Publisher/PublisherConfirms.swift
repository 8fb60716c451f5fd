package enum PublishOutcome: Hashable, Sendable {
    /// The broker has taken responsibility.
    case confirmed
    /// Returned as unroutable, then confirmed.
    case returned(String)
    /// The broker refused responsibility.
    case nacked
    /// Unknown or never sent: the message may or may not have been published.
    case unconfirmed(String)
    /// The worker's user has no permission to publish there. The message was not published.
    case refused(String)
    /// Can never be sent: its headers or body are too large.
    case unsendable(String)
}

/// Matches the broker's answers to messages published on one channel in confirm mode.
///
/// librabbitmq 0.11 does not support this: sequence numbers are counted here, from 1 (RabbitMQ's "Publisher Confirms").
/// An unroutable `mandatory` message comes back as `basic.return` before its confirm, matched by its message id.
struct PublisherConfirms<Ticket: Sendable>: Sendable {
    private struct Entry {
        let messageID: String
        let ticket: Ticket
        var returned: String?
    }

    private var lastSequence: UInt64 = 0
    private var entries: [UInt64: Entry] = [:]
    /// The lowest sequence number that may be outstanding.
    private var floor: UInt64 = 1

    var outstanding: Int { self.entries.count }

    func isOutstanding(_ sequence: UInt64) -> Bool { self.entries[sequence] != nil }

    /// Call right after each publish. Returns its sequence number.
    @discardableResult
    mutating func published(messageID: String, _ ticket: Ticket) -> UInt64 {
        self.lastSequence += 1
        self.entries[self.lastSequence] = Entry(messageID: messageID, ticket: ticket)
        return self.lastSequence
    }

    mutating func returned(messageID: String, reason: String) {
        guard let sequence = self.entries.first(where: { $0.value.messageID == messageID })?.key else { return }
        self.entries[sequence]?.returned = reason
    }

    mutating func acknowledged(_ sequence: UInt64, isMultiple: Bool) -> [(Ticket, PublishOutcome)] {
        self.take(sequence, isMultiple).map { ($0.ticket, $0.returned.map { .returned($0) } ?? .confirmed) }
    }

    mutating func rejected(_ sequence: UInt64, isMultiple: Bool) -> [(Ticket, PublishOutcome)] {
        self.take(sequence, isMultiple).map { ($0.ticket, .nacked) }
    }

    /// Stops waiting for one message; a late answer is ignored.
    mutating func abandon(_ sequence: UInt64) -> Ticket? { self.entries.removeValue(forKey: sequence)?.ticket }

    /// The channel is closed and numbering restarts: nothing outstanding will be answered.
    mutating func channelLost() -> [Ticket] {
        let tickets = self.entries.sorted { $0.key < $1.key }.map(\.value.ticket)
        self = PublisherConfirms()
        return tickets
    }

    private mutating func take(_ sequence: UInt64, _ isMultiple: Bool) -> [Entry] {
        guard isMultiple else { return self.entries.removeValue(forKey: sequence).map { [$0] } ?? [] }
        // 0 with `multiple` means everything outstanding.
        let last = sequence == 0 ? self.lastSequence : min(sequence, self.lastSequence)
        guard self.floor <= last else { return [] }
        defer { self.floor = last + 1 }
        return (self.floor...last).compactMap { self.entries.removeValue(forKey: $0) }
    }
}
