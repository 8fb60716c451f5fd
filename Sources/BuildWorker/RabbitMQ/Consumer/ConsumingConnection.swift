package import Support

/// The connection that consumes and settles deliveries, with one channel per queue.
///
/// It never publishes: during a resource alarm the broker stops reading from publishers, and acks would hang.
package final class ConsumingConnection: Sendable {
    private let thread: ConnectionThread<ConsumerRole>
    private let channels: OpenChannels

    /// Deliveries of all queues; at most `prefetch` per queue are unsettled. Ends after ``drain()``.
    package let deliveries: AsyncStream<Delivery>

    /// - Parameters:
    ///   - queues: each gets a channel of its own, so that none blocks another.
    ///   - prefetch: unsettled deliveries per queue, 1–65535.
    ///   - largestMessage: maximum bytes of a body that is read (``BodyBudget``); unlimited by default, for tools.
    ///   - isCautious: consume one delivery per queue at a time, until a full prefetch is settled or none are left.
    ///   - host: part of the consumer tags, `<queue>@<host>`.
    package init(
        _ endpoint: AMQPEndpoint, queues: [String], prefetch: Int, largestMessage: Int = .max, isCautious: Bool = false,
        host: String,
        onEvent: @escaping @Sendable (ConnectionEvent) -> Void
    ) {
        let (stream, feed) = AsyncStream<Delivery>.makeStream()
        self.deliveries = stream
        let channels = OpenChannels()
        self.channels = channels
        self.thread = ConnectionThread(endpoint) {
            ConsumerRole(
                queues: queues, prefetch: UInt16(clamping: prefetch),
                bodies: BodyBudget(largestMessage: largestMessage), isCautious: isCautious,
                heartbeat: endpoint.heartbeat, host: host, pauseLimit: endpoint.reconnectLimit, feed: feed,
                channels: channels, onEvent: onEvent)
        }
    }

    package func start() { self.thread.start(name: "amqp-consume") }

    /// Settles a delivery; call exactly once. Ignored if its channel is closed: the message was requeued then.
    package func settle(_ tag: DeliveryTag, as settlement: Settlement) { self.thread.post(.settle(tag, settlement)) }

    /// The channel is closed, so the broker redelivers the message: any further work would be done twice.
    package func isGone(_ tag: DeliveryTag) -> Bool { !self.channels.contains(tag.generation) }

    /// Waits until all settlements so far are sent to the broker, or given up.
    package func flush() async {
        await withCheckedContinuation { continuation in
            if !self.thread.post(.flush(continuation)) { continuation.resume() }
        }
    }

    /// Pauses or resumes consumption; deliveries in flight can still be settled.
    package func setIntake(_ isWanted: Bool) { self.thread.post(.want(isWanted)) }

    /// Pauses consumption for good: ``deliveries`` ends when the broker has confirmed.
    package func drain() { self.thread.post(.drain) }

    /// Closes the connection after all commands so far; unsettled messages are requeued.
    package func stop() { self.thread.stop() }

    /// Time since its event loop last ran.
    package var loopAge: Duration { self.thread.age }

    package func waitUntilStopped() async { await self.thread.waitUntilStopped() }
}

/// Runs the ``ConsumerChannel``s of one connection.
private final class ConsumerRole: ConnectionRole {
    enum Command: Sendable {
        case settle(DeliveryTag, Settlement)
        /// Resumed once all earlier commands are performed.
        case flush(CheckedContinuation<Void, Never>)
        case want(Bool)
        case drain
    }

    private struct Lane {
        var channel: ConsumerChannel
        var assembler = DeliveryAssembler()
        var backoff: Backoff
        var resumesAt: ContinuousClock.Instant?
        /// How often the queue was consumed over this connection.
        var subscriptions = 0
        /// Unsettled deliveries of the channel, and its subscriptions: each may fill the prefetch anew.
        var unsettled: Set<UInt64> = []
        var subscriptionsOfChannel = 0
        /// `nil`: the full prefetch is used.
        var caution: Caution?

        mutating func channelIsGone() {
            (self.unsettled, self.subscriptionsOfChannel) = ([], 0)
            self.caution?.endsAt = nil
        }
    }

    /// After an unclean shutdown with an empty ledger, the cause may be a message that crashed the worker before it was
    /// recorded. So deliveries come one at a time, and only the culprit's delivery count rises.
    private struct Caution {
        var settled = 0
        /// Set while nothing is in flight: caution ends after ``ConsumerRole/quiet``.
        var endsAt: ContinuousClock.Instant?
    }

    private static let quiet = Duration.seconds(10)
    /// By then a large requeued message should have been redelivered, unless another worker got it.
    private static let lookAtWaiting = Duration.seconds(30)

    private var lanes: [Lane]
    private let prefetch: UInt16
    private var bodies: BodyBudget
    private var looksAtWaitingAt: ContinuousClock.Instant?
    private let heartbeat: Duration
    private let host: String
    private let feed: AsyncStream<Delivery>.Continuation
    private let channels: OpenChannels
    private let onEvent: @Sendable (ConnectionEvent) -> Void
    private var lastGeneration: UInt64 = 0
    private var isDraining = false
    private var random = SystemRandomNumberGenerator()

    init(
        queues: [String], prefetch: UInt16, bodies: BodyBudget, isCautious: Bool, heartbeat: Duration, host: String,
        pauseLimit: Duration,
        feed: AsyncStream<Delivery>.Continuation, channels: OpenChannels,
        onEvent: @escaping @Sendable (ConnectionEvent) -> Void
    ) {
        self.lanes = queues.enumerated().map { index, queue in
            let channel = ConsumerChannel(number: UInt16(index + 1), queue: queue)
            return Lane(
                channel: channel, backoff: Backoff(first: .seconds(1), limit: pauseLimit),
                caution: isCautious && prefetch > 1 ? Caution() : nil)
        }
        self.bodies = bodies
        (self.prefetch, self.heartbeat, self.host, self.feed, self.channels, self.onEvent) = (
            prefetch, heartbeat, host, feed, channels, onEvent
        )
    }

    var hasOutput: Bool { false }
    func write(_ socket: AMQPSocket) {}

    func connected(_ socket: AMQPSocket) throws(AMQPError) {
        try socket.acceptLargeFrames(heartbeat: self.heartbeat)
        self.onEvent(.connected(host: socket.host))
        for index in self.lanes.indices {
            self.lanes[index].resumesAt = nil
            let generation = self.nextGeneration()
            try self.perform(self.lanes[index].channel.connected(generation: generation), index, socket)
        }
    }

    func disconnected(_ error: AMQPError, retryIn pause: Duration) {
        for index in self.lanes.indices {
            self.closeChannel(index)
            self.lanes[index].channel.disconnected()
            self.lanes[index].resumesAt = nil
        }
        self.onEvent(.disconnected(error, retryIn: pause))
        self.finishIfDrained()
    }

    func stopped() { self.feed.finish() }

    func perform(_ command: Command, _ socket: AMQPSocket?) throws(AMQPError) {
        switch command {
        case .settle(let tag, let settlement):
            let index = Int(tag.channel) - 1
            guard let socket, self.lanes.indices.contains(index), self.lanes[index].channel.accepts(tag) else { return }
            try socket.settle(tag.number, on: tag.channel, as: settlement)
            self.bodies.settled(tag)
            try self.settled(tag.number, index, socket)
            try self.requeueFitting(socket)
        case .flush(let continuation): continuation.resume()
        case .want(let isWanted): try self.want(isWanted && !self.isDraining, socket)
        case .drain:
            self.isDraining = true
            try self.want(false, socket)
            self.finishIfDrained()
        }
    }

    private func want(_ isWanted: Bool, _ socket: AMQPSocket?) throws(AMQPError) {
        for index in self.lanes.indices { try self.perform(self.lanes[index].channel.want(isWanted), index, socket) }
    }

    private func finishIfDrained() {
        let isQuiet = self.lanes.allSatisfy { lane in
            switch lane.channel.state {
            case .closed, .opening, .limiting, .idle, .lost: true
            case .starting, .consuming, .stopping: false
            }
        }
        if self.isDraining, isQuiet { self.feed.finish() }
    }

    func handle(_ frame: AMQPFrame, _ socket: AMQPSocket) throws(AMQPError) {
        switch frame {
        case .deliver(let channel, let number, let isRedelivered):
            try self.arrives(number, isRedelivered, channel)
        case .header(let channel, let bodySize, let properties, let hasUnreadHeaders):
            guard let index = self.index(channel) else { return }
            let keeping: DeliveryAssembler.Keeping =
                switch self.bodies.verdict(size: bodySize) {
                case .keep: .all
                case .omit: .hash
                case .wait: .nothing
                }
            if case .delivery(let number, _)? = self.lanes[index].assembler.kind, case .all = keeping,
                bodySize <= DeliveryAssembler.largestBody
            {
                let tag = DeliveryTag(
                    generation: self.lanes[index].channel.generation, channel: channel, number: number)
                self.bodies.keep(tag, size: Int(bodySize))
            }
            let whole = try self.lanes[index].assembler.header(
                bodySize: bodySize, properties, hasUnreadHeaders: hasUnreadHeaders, keeping: keeping)
            if let whole { try self.deliver(whole, self.lanes[index].channel, socket) }
        case .body(let channel, let fragment):
            guard let index = self.index(channel) else { return }
            if let whole = try self.lanes[index].assembler.body(fragment) {
                try self.deliver(whole, self.lanes[index].channel, socket)
            }
        case .channelOpened(let channel): try self.advance(channel, socket) { $0.opened() }
        case .prefetchSet(let channel): try self.advance(channel, socket) { $0.prefetchSet() }
        case .consuming(let channel):
            self.lane(channel) { lane in
                lane.backoff.reset()
                if lane.unsettled.isEmpty { lane.caution?.endsAt = .now + Self.quiet }
                self.onEvent(.consuming(queue: lane.channel.queue))
            }
            try self.advance(channel, socket) { $0.started() }
        case .cancelled(let channel):
            self.lane(channel) { self.onEvent(.stopped(queue: $0.channel.queue)) }
            try self.advance(channel, socket) { $0.stopped() }
            self.finishIfDrained()
        case .consumerCancelled(let channel):
            try self.lose(channel, nil, "the broker cancelled the consumer: the queue was deleted or moved", socket) {
                $0.cancelledByBroker()
            }
        case .channelRefused(let channel, let code, let text):
            self.index(channel).map(self.closeChannel)
            try self.lose(channel, Int(code), "\(code) \(text)", socket) { $0.closedByBroker() }
        case .blocked(let reason): self.onEvent(.blocked(reason: reason))
        case .unblocked: self.onEvent(.unblocked)
        case .return, .ack, .nack, .channelClosed, .confirmsSelected, .connectionClosed, .other: break
        }
    }

    /// - Throws: if the delivery was not requested.
    private func arrives(_ number: UInt64, _ isRedelivered: Bool, _ channel: UInt16) throws(AMQPError) {
        guard let index = self.index(channel), self.lanes[index].channel.isOpen else {
            throw AMQPError(violation: "it delivers on a channel that consumes nothing")
        }
        self.lanes[index].unsettled.insert(number)
        self.lanes[index].caution?.endsAt = nil
        // Twice the prefetch: a miscount while a queue's leader moves is no reason to requeue everything.
        guard self.lanes[index].unsettled.count <= 2 * Int(self.prefetch) * self.lanes[index].subscriptionsOfChannel
        else {
            throw AMQPError(violation: "it delivers more than the prefetch of \(self.prefetch)")
        }
        self.lanes[index].assembler.begin(.delivery(number: number, isRedelivered: isRedelivered))
    }

    private func deliver(_ message: DeliveryAssembler.Assembled, _ channel: ConsumerChannel, _ socket: AMQPSocket)
        throws(AMQPError)
    {
        guard case .delivery(let number, let isRedelivered) = message.kind else { return }
        let tag = DeliveryTag(generation: channel.generation, channel: channel.number, number: number)
        // A delivery that did not fit is not processed but requeued, immediately if it fits by now.
        if case .nothing = message.keeping {
            self.bodies.wait(tag, size: message.omitted?.size ?? 0)
            return try self.requeueFitting(socket)
        }
        self.feed.yield(
            Delivery(
                tag: tag, queue: channel.queue, isRedelivered: isRedelivered, properties: message.properties,
                body: message.body,
                omitted: message.omitted, hasUnreadHeaders: message.hasUnreadHeaders))
    }

    private func settled(_ number: UInt64, _ index: Int, _ socket: AMQPSocket) throws(AMQPError) {
        self.lanes[index].unsettled.remove(number)
        guard self.lanes[index].caution != nil else { return }
        self.lanes[index].caution?.settled += 1
        if self.lanes[index].unsettled.isEmpty { self.lanes[index].caution?.endsAt = .now + Self.quiet }
        if let caution = self.lanes[index].caution, caution.settled >= Int(self.prefetch) {
            try self.endCaution(index, socket)
        }
    }

    /// A prefetch applies to consumers started after it was set.
    private func endCaution(_ index: Int, _ socket: AMQPSocket?) throws(AMQPError) {
        self.lanes[index].caution = nil
        try self.perform(self.lanes[index].channel.limitAnew(), index, socket)
    }

    private func requeueFitting(_ socket: AMQPSocket, isOverdue: Bool = false) throws(AMQPError) {
        guard self.bodies.hasWaiting else {
            self.looksAtWaitingAt = nil
            return
        }
        for tag in self.bodies.fitting(isOverdue: isOverdue) {
            let index = Int(tag.channel) - 1
            guard self.lanes[index].channel.accepts(tag) else { continue }
            try socket.requeue(tag.number, on: tag.channel)
            self.lanes[index].unsettled.remove(tag.number)
        }
        self.looksAtWaitingAt =
            isOverdue ? .now + Self.lookAtWaiting : self.looksAtWaitingAt ?? .now + Self.lookAtWaiting
    }

    // MARK: Pauses after a lost consumer

    var nextDeadline: ContinuousClock.Instant? {
        (self.lanes.flatMap { [$0.resumesAt, $0.caution?.endsAt] } + [self.looksAtWaitingAt]).compactMap { $0 }.min()
    }

    func timeIsUp(_ now: ContinuousClock.Instant, _ socket: AMQPSocket?) throws(AMQPError) {
        if let socket, let time = self.looksAtWaitingAt, time <= now {
            try self.requeueFitting(socket, isOverdue: true)
        }
        for index in self.lanes.indices {
            guard let time = self.lanes[index].caution?.endsAt, time <= now else { continue }
            try self.endCaution(index, socket)
        }
        for index in self.lanes.indices {
            guard let resumesAt = self.lanes[index].resumesAt, resumesAt <= now else { continue }
            self.lanes[index].resumesAt = nil
            let generation = self.nextGeneration()
            try self.perform(self.lanes[index].channel.pauseIsOver(generation: generation), index, socket)
        }
    }

    private func lose(
        _ channel: UInt16, _ code: Int?, _ reason: String, _ socket: AMQPSocket,
        _ change: (inout ConsumerChannel) -> ConsumerChannel.Action?
    ) throws(AMQPError) {
        let index = Int(channel) - 1
        guard self.lanes.indices.contains(index) else { return }
        let pause = self.lanes[index].backoff.next(using: &self.random)
        self.lanes[index].resumesAt = .now + pause
        try self.perform(change(&self.lanes[index].channel), index, socket)
        self.onEvent(.consumerLost(queue: self.lanes[index].channel.queue, code: code, reason: reason, retryIn: pause))
        self.finishIfDrained()
    }

    // MARK: Helpers

    private func nextGeneration() -> UInt64 {
        self.lastGeneration += 1
        self.channels.open(self.lastGeneration)
        return self.lastGeneration
    }

    private func closeChannel(_ index: Int) {
        self.channels.close(self.lanes[index].channel.generation)
        self.bodies.lost(generation: self.lanes[index].channel.generation)
        self.lanes[index].assembler = DeliveryAssembler()
        self.lanes[index].channelIsGone()
    }

    private func index(_ channel: UInt16) -> Int? {
        let index = Int(channel) - 1
        return self.lanes.indices.contains(index) ? index : nil
    }

    private func lane(_ channel: UInt16, _ change: (inout Lane) -> Void) {
        if let index = self.index(channel) { change(&self.lanes[index]) }
    }

    private func advance(
        _ channel: UInt16, _ socket: AMQPSocket, _ change: (inout ConsumerChannel) -> ConsumerChannel.Action?
    ) throws(AMQPError) {
        let index = Int(channel) - 1
        guard self.lanes.indices.contains(index) else { return }
        try self.perform(change(&self.lanes[index].channel), index, socket)
    }

    private func perform(_ action: ConsumerChannel.Action?, _ index: Int, _ socket: AMQPSocket?) throws(AMQPError) {
        guard let action, let socket else { return }
        let (number, queue) = (self.lanes[index].channel.number, self.lanes[index].channel.queue)
        switch action {
        case .open: try socket.openChannel(number)
        case .setPrefetch: try socket.setPrefetch(self.lanes[index].caution == nil ? self.prefetch : 1, on: number)
        case .consume:
            self.lanes[index].subscriptions += 1
            self.lanes[index].subscriptionsOfChannel += 1
            try socket.consume(queue, consumerTag: self.consumerTag(self.lanes[index]), on: number)
        case .cancel: try socket.cancelConsumer(self.consumerTag(self.lanes[index]), on: number)
        case .confirmCloseAndPause: try socket.confirmClose(of: number)
        case .pause: break
        }
    }

    /// Unique each time: if a tag is reused while its messages are unsettled, RabbitMQ 3.10.8 confuses it with the
    /// cancelled consumer, loses deliveries, and crashes the channel that requests them (`handle_deliver0`,
    /// `function_clause`).
    private func consumerTag(_ lane: Lane) -> String {
        let count = lane.subscriptions > 1 ? "#\(lane.subscriptions)" : ""
        return String("\(lane.channel.queue)@\(self.host)".prefix(255 - count.count)) + count
    }
}
