/// What became of a published message.
package enum PublishOutcome: Hashable, Sendable {
    /// The broker is responsible for it now.
    case confirmed
    /// Confirmed as unroutable: no queue took it.
    case returned(String)
    /// The broker refused responsibility.
    case nacked
    /// Not known, or never sent: the message may or may not be there.
    case unconfirmed(String)
    /// The worker's user may not publish there. Nobody has it.
    case refused(String)
    /// It can never be sent: its headers or its body are too large.
    case unsendable(String)
}

/// Matches the broker's answers to what was published on one channel in confirm mode.
///
/// librabbitmq 0.11 has no help for this: sequence numbers are counted here, from 1 (RabbitMQ's "Publisher
/// Confirms"). An unroutable `mandatory` message comes back as `basic.return` before its confirm and is known by
/// its message id.
struct PublisherConfirms<Ticket: Sendable>: Sendable {
    private struct Entry {
        let messageID: String
        let ticket: Ticket
        var returned: String?
    }

    private var lastSequence: UInt64 = 0
    private var entries: [UInt64: Entry] = [:]
    /// The lowest number that may be outstanding.
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

    /// Gives up waiting for one message; a late answer to it is ignored.
    mutating func abandon(_ sequence: UInt64) -> Ticket? { self.entries.removeValue(forKey: sequence)?.ticket }

    /// The channel is gone and numbering starts again: nothing outstanding will be answered.
    mutating func channelLost() -> [Ticket] {
        let tickets = self.entries.sorted { $0.key < $1.key }.map(\.value.ticket)
        self = PublisherConfirms()
        return tickets
    }

    private mutating func take(_ sequence: UInt64, _ isMultiple: Bool) -> [Entry] {
        guard isMultiple else { return self.entries.removeValue(forKey: sequence).map { [$0] } ?? [] }
        // 0 with `multiple` means all that is outstanding.
        let last = sequence == 0 ? self.lastSequence : min(sequence, self.lastSequence)
        guard self.floor <= last else { return [] }
        defer { self.floor = last + 1 }
        return (self.floor...last).compactMap { self.entries.removeValue(forKey: $0) }
    }
}
