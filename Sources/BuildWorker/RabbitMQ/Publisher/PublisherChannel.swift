/// The life cycle of the channel that publishes: a state machine, no I/O.
///
/// A channel may be broken while its connection is fine. RabbitMQ's channels cache a quorum queue's leader; one that
/// first publishes to the queue just after that node died rejects this and every later message to the queue until the
/// node is available again (3.10: `rabbit_fifo_client` answers `reject_publish` and keeps the dead leader). A new
/// channel looks the leader up again. So after a `basic.nack` the channel is replaced as soon as everything sent on
/// it is answered. That costs two round trips.
struct PublisherChannel: Sendable {
    enum State: Hashable, Sendable {
        /// Ready to publish → `draining`, or `opening` if the broker closes it
        case open
        /// Sends nothing more until everything sent is answered → `closing`, or `opening` if the broker closes it
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
        /// Sequence numbers restart.
        case begin
    }

    /// Minimum lifetime: a queue that rejects because it is full does so on every channel.
    static let shortestLife = Duration.seconds(1)

    private(set) var state = State.open
    private var openedAt: ContinuousClock.Instant

    /// The connection's first channel, already open.
    init(openedAt: ContinuousClock.Instant) { self.openedAt = openedAt }

    /// The broker nacked a message.
    mutating func refused(at now: ContinuousClock.Instant) {
        guard self.state == .open, now - self.openedAt >= Self.shortestLife else { return }
        self.state = .draining
    }

    /// Whether there is something to write, given whether messages are waiting.
    func hasOutput(waiting: Bool, outstanding: Int) -> Bool {
        switch self.state {
        case .open: waiting
        case .draining: outstanding == 0
        case .closing, .opening, .selecting: false
        }
    }

    /// Call when the socket is writable.
    mutating func writable(outstanding: Int) -> Action? {
        guard self.state == .draining, outstanding == 0 else { return nil }
        self.state = .closing
        return .close
    }

    /// The broker closed the channel. `nil`: unexpected, because nothing it could refuse was in progress.
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
