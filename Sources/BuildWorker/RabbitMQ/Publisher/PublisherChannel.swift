/// The life of the channel that publishes: a state machine, no I/O.
///
/// A channel may be spoilt while its connection is well. RabbitMQ's channels remember where a quorum queue's leader was; one that
/// publishes to the queue for the first time just after that node has died refuses the message, and every later one to that queue, until
/// the node is back (3.10: `rabbit_fifo_client` answers `reject_publish` and keeps the dead leader). A channel opened anew asks again. So
/// after a `basic.nack` the channel is changed for a new one, once all that was sent on it is answered. That costs two round trips.
struct PublisherChannel: Sendable {
    enum State: Hashable, Sendable {
        /// Messages can be published → `draining`, or `opening` where the broker closes it
        case open
        /// Nothing more is sent until all that was sent is answered → `closing`, or `opening` where the broker closes it
        case draining
        /// `channel.close` sent → `opening`
        case closing
        /// `channel.open` sent → `selecting`
        case opening
        /// `confirm.select` sent → `open`
        case selecting
    }

    enum Action: Hashable, Sendable {
        case close
        case open
        case selectConfirms
        /// Sequence numbers begin again.
        case begin
    }

    /// A queue that refuses because it is full does so on every channel.
    static let shortestLife = Duration.seconds(1)

    private(set) var state = State.open
    private var openedAt: ContinuousClock.Instant

    /// The connection's first, which is open.
    init(openedAt: ContinuousClock.Instant) { self.openedAt = openedAt }

    /// The broker refused a message.
    mutating func refused(at now: ContinuousClock.Instant) {
        guard self.state == .open, now - self.openedAt >= Self.shortestLife else { return }
        self.state = .draining
    }

    /// Whether there is something to write, given that messages wait.
    func hasOutput(waiting: Bool, outstanding: Int) -> Bool {
        switch self.state {
        case .open: waiting
        case .draining: outstanding == 0
        case .closing, .opening, .selecting: false
        }
    }

    /// Call it when the socket can take something.
    mutating func writable(outstanding: Int) -> Action? {
        guard self.state == .draining, outstanding == 0 else { return nil }
        self.state = .closing
        return .close
    }

    /// The broker closed it. `nil`: not while anything was under way that it could refuse.
    mutating func closedByBroker() -> Action? {
        guard self.state == .open || self.state == .draining else { return nil }
        self.state = .opening
        return .open
    }

    mutating func closed() -> Action? {
        guard self.state == .closing else { return nil }
        self.state = .opening
        return .open
    }

    mutating func opened() -> Action? {
        guard self.state == .opening else { return nil }
        self.state = .selecting
        return .selectConfirms
    }

    mutating func confirmsSelected(at now: ContinuousClock.Instant) -> Action? {
        guard self.state == .selecting else { return nil }
        (self.state, self.openedAt) = (.open, now)
        return .begin
    }
}
