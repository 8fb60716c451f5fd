/// Limits the bytes of messages in flight, which prefetch does not (RabbitMQ rejects a `prefetch_size`).
///
/// A body that does not fit is dropped on arrival; its delivery stays unsettled until there is room and is then
/// requeued for redelivery. So large messages are kept one at a time, and with a single worker each is transferred at
/// most twice.
struct BodyBudget: Sendable {
    enum Verdict: Hashable, Sendable {
        case keep
        /// Too large to be kept at any time: only its hash is kept.
        case omit
        /// Does not fit now.
        case wait
    }

    /// Maximum size of a message above ``largestMessage`` that is kept, unread, until it is parked.
    static let largestParked = 32 << 20

    /// Maximum size of a message that is read.
    let largestMessage: Int
    /// Maximum total of messages that are read. Parsed JSON takes up to thirty times its bytes.
    private var most: Int { self.largestMessage > .max / 4 ? .max : self.largestMessage * 4 }
    private var kept: [DeliveryTag: Int] = [:]
    private var waiting: [(tag: DeliveryTag, size: Int)] = []
    /// Sizes of requeued messages: room stays reserved for their redelivery.
    private var awaited: [Int] = []

    init(largestMessage: Int) { self.largestMessage = largestMessage }

    /// For tools, which have to read everything.
    static let unlimited = BodyBudget(largestMessage: .max)

    var hasWaiting: Bool { !self.waiting.isEmpty }

    mutating func verdict(size: UInt64) -> Verdict {
        if let place = self.awaited.firstIndex(where: { $0 == size }) { self.awaited.remove(at: place) }
        guard size > UInt64(self.largestMessage) else { return Int(size) <= self.most - self.read ? .keep : .wait }
        guard size <= UInt64(Self.largestParked) else { return .omit }
        return (self.kept.values + self.awaited).contains { $0 > self.largestMessage } ? .wait : .keep
    }

    /// Bytes of kept and awaited messages that are read.
    private var read: Int { (self.kept.values + self.awaited).reduce(0) { $0 + ($1 > self.largestMessage ? 0 : $1) } }

    mutating func keep(_ tag: DeliveryTag, size: Int) { self.kept[tag] = size }
    mutating func wait(_ tag: DeliveryTag, size: Int) { self.waiting.append((tag, size)) }
    mutating func settled(_ tag: DeliveryTag) { self.kept[tag] = nil }

    /// The channel was closed; all its deliveries were requeued.
    mutating func lost(generation: UInt64) {
        self.kept = self.kept.filter { $0.key.generation != generation }
        self.waiting.removeAll { $0.tag.generation == generation }
        self.awaited = []
    }

    /// Waiting deliveries that fit now, to be requeued.
    ///
    /// - Parameter isOverdue: messages requeued before have gone to another worker.
    mutating func fitting(isOverdue: Bool = false) -> [DeliveryTag] {
        if isOverdue { self.awaited = [] }
        var fitting: [DeliveryTag] = []
        for (tag, size) in self.waiting {
            // One message of this size may be on its way that is not this one.
            var room = self
            room.awaited.append(size)
            guard room.verdict(size: UInt64(size)) == .keep else { continue }
            self.awaited.append(size)
            fitting.append(tag)
        }
        self.waiting.removeAll { fitting.contains($0.tag) }
        return fitting
    }
}
