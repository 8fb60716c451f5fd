/// Bytes of messages in flight: what a prefetch count cannot bound, and RabbitMQ does not (it refuses a `prefetch_size`).
///
/// A body for which there is no room is dropped as it comes, and its delivery waits, unsettled, until there is; then it is given back to
/// its queue, which delivers it once more. So of many large messages one is kept at a time, and each crosses the wire twice at most where
/// this worker is alone.
struct BodyBudget: Sendable {
    enum Verdict: Hashable, Sendable {
        case keep
        /// It is too large to be kept at any time: its hash is.
        case omit
        /// No room.
        case wait
    }

    /// A message above ``largestMessage`` is not read, but kept for as long as parking it takes, if it is not larger than this.
    static let largestParked = 32 << 20

    /// Of a message that is read.
    let largestMessage: Int
    /// Of all that are read, together. What JSON is made into takes up to thirty times its bytes.
    private var most: Int { self.largestMessage > .max / 4 ? .max : self.largestMessage * 4 }
    private var kept: [DeliveryTag: Int] = [:]
    private var waiting: [(tag: DeliveryTag, size: Int)] = []
    /// Given back, and to come again: room is kept for them, or the next one would come in between.
    private var awaited: [Int] = []

    init(largestMessage: Int) { self.largestMessage = largestMessage }

    /// For tools, which have to see everything.
    static let unlimited = BodyBudget(largestMessage: .max)

    var hasWaiting: Bool { !self.waiting.isEmpty }

    mutating func verdict(size: UInt64) -> Verdict {
        if let place = self.awaited.firstIndex(where: { $0 == size }) { self.awaited.remove(at: place) }
        guard size > UInt64(self.largestMessage) else { return Int(size) <= self.most - self.read ? .keep : .wait }
        guard size <= UInt64(Self.largestParked) else { return .omit }
        return (self.kept.values + self.awaited).contains { $0 > self.largestMessage } ? .wait : .keep
    }

    /// Bytes of those that are read.
    private var read: Int { (self.kept.values + self.awaited).reduce(0) { $0 + ($1 > self.largestMessage ? 0 : $1) } }

    mutating func keep(_ tag: DeliveryTag, size: Int) { self.kept[tag] = size }
    mutating func wait(_ tag: DeliveryTag, size: Int) { self.waiting.append((tag, size)) }
    mutating func settled(_ tag: DeliveryTag) { self.kept[tag] = nil }

    /// The broker has all of a channel back.
    mutating func lost(generation: UInt64) {
        self.kept = self.kept.filter { $0.key.generation != generation }
        self.waiting.removeAll { $0.tag.generation == generation }
        self.awaited = []
    }

    /// Those that wait and for which there is room now: to be given back to their queues.
    ///
    /// - Parameter isOverdue: what was given back before has gone to another worker.
    mutating func fitting(isOverdue: Bool = false) -> [DeliveryTag] {
        if isOverdue { self.awaited = [] }
        var fitting: [DeliveryTag] = []
        for (tag, size) in self.waiting {
            // Of this size one may be on its way, which is not this one.
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
