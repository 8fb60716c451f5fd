/// The life cycle of the channel that consumes one queue: a state machine, no I/O.
///
/// Each method returns what to send. Nothing waits for an answer; each answer is a call here.
struct ConsumerChannel: Sendable {
    enum State: Hashable, Sendable {
        /// No channel; reopened after the pause → `opening`
        case closed
        /// `channel.open` sent → `limiting`, `closed`
        case opening
        /// `basic.qos` sent → `starting`, `idle` (paused meanwhile), `closed`
        case limiting
        /// `basic.consume` sent → `consuming`, `closed` (no such queue)
        case starting
        /// Receiving deliveries → `stopping`, `lost`, `closed`
        case consuming
        /// `basic.cancel` sent; deliveries may still arrive → `idle`, `limiting` (prefetch changed), `closed`
        case stopping
        /// Paused: deliveries in flight can be settled, no new ones arrive → `starting`, `closed`
        case idle
        /// The broker cancelled the consumer; consumes again after the pause → `starting`, `idle`, `closed`
        case lost
    }

    enum Action: Hashable, Sendable {
        case open
        case setPrefetch
        case consume
        case cancel
        /// Answer the broker's `channel.close`; then wait and call ``pauseIsOver()``.
        case confirmCloseAndPause
        /// Wait, then call ``pauseIsOver()``.
        case pause
    }

    let number: UInt16
    let queue: String
    private(set) var state = State.closed
    private(set) var isWanted: Bool
    /// The prefetch has to be set before consuming again.
    private var isToBeLimited = false
    /// The current channel; tags of other generations are stale.
    private(set) var generation: UInt64 = 0

    init(number: UInt16, queue: String, isWanted: Bool = true) {
        (self.number, self.queue, self.isWanted) = (number, queue, isWanted)
    }

    /// Whether settlements can be sent.
    var isOpen: Bool {
        switch self.state {
        case .closed, .opening: false
        case .limiting, .starting, .consuming, .stopping, .idle, .lost: true
        }
    }

    func accepts(_ tag: DeliveryTag) -> Bool { self.isOpen && tag.generation == self.generation }

    /// A new connection: all earlier state is gone.
    mutating func connected(generation: UInt64) -> Action {
        self.state = .opening
        self.generation = generation
        return .open
    }

    mutating func disconnected() { self.state = .closed }

    mutating func opened() -> Action? {
        guard self.state == .opening else { return nil }
        return self.limit()
    }

    private mutating func limit() -> Action {
        (self.state, self.isToBeLimited) = (.limiting, false)
        return .setPrefetch
    }

    /// Applies a changed prefetch. A running consumer keeps its old one, so it is cancelled first.
    mutating func limitAnew() -> Action? {
        switch self.state {
        case .closed, .opening: return nil
        case .idle: return self.limit()
        case .consuming:
            (self.state, self.isToBeLimited) = (.stopping, true)
            return .cancel
        case .limiting, .starting, .stopping, .lost:
            self.isToBeLimited = true
            return nil
        }
    }

    mutating func prefetchSet() -> Action? {
        guard self.state == .limiting else { return nil }
        return self.startIfWanted()
    }

    mutating func started() -> Action? {
        guard self.state == .starting else { return nil }
        self.state = .consuming
        guard !self.isWanted || self.isToBeLimited else { return nil }
        self.state = .stopping
        return .cancel
    }

    mutating func stopped() -> Action? {
        guard self.state == .stopping else { return nil }
        return self.startIfWanted()
    }

    /// The broker cancelled the consumer (the queue was deleted, or its leader moved).
    mutating func cancelledByBroker() -> Action? {
        switch self.state {
        case .consuming, .starting:
            self.state = .lost
            return .pause
        case .stopping:
            return self.startIfWanted()
        case .closed, .opening, .limiting, .idle, .lost: return nil
        }
    }

    /// The broker closed the channel, for example because the queue does not exist.
    mutating func closedByBroker() -> Action {
        self.state = .closed
        return .confirmCloseAndPause
    }

    mutating func pauseIsOver(generation: UInt64) -> Action? {
        switch self.state {
        case .closed: return self.connected(generation: generation)
        case .lost: return self.startIfWanted()
        case .opening, .limiting, .starting, .consuming, .stopping, .idle: return nil
        }
    }

    mutating func want(_ isWanted: Bool) -> Action? {
        self.isWanted = isWanted
        switch (self.state, isWanted) {
        case (.consuming, false):
            self.state = .stopping
            return .cancel
        case (.idle, true): return self.startIfWanted()
        case (.lost, false):
            self.state = .idle
            return nil
        default: return nil
        }
    }

    private mutating func startIfWanted() -> Action? {
        if self.isToBeLimited { return self.limit() }
        self.state = self.isWanted ? .starting : .idle
        return self.isWanted ? .consume : nil
    }
}
