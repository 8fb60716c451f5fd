internal import Synchronization

/// What has the same key is handled one after another, in order of arrival, and the rest at once.
final class KeyedSerialQueue<Key: Hashable & Sendable>: Sendable {
    /// A place in the line of its key. Wait for the turn, and ``KeyedSerialQueue/leave(_:)``: who does not leave blocks the key.
    struct Ticket: Sendable {
        let key: Key
        let turn = OneShotSignal()
    }

    /// By key: the ticket whose turn has come, and those behind it.
    private let lines = Mutex<[Key: [Ticket]]>([:])

    /// Takes a place at the end. Call it in the order of arrival.
    func join(_ key: Key) -> Ticket {
        let ticket = Ticket(key: key)
        let isFirst = self.lines.withLock { lines in
            lines[key, default: []].append(ticket)
            return lines[key]?.count == 1
        }
        if isFirst { ticket.turn.fire() }
        return ticket
    }

    /// Lets the next one in.
    func leave(_ ticket: Ticket) {
        let next = self.lines.withLock { lines -> Ticket? in
            lines[ticket.key]?.removeFirst()
            guard let next = lines[ticket.key]?.first else {
                lines[ticket.key] = nil
                return nil
            }
            return next
        }
        next?.turn.fire()
    }
}
