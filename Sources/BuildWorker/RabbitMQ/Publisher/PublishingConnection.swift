internal import Support
internal import Synchronization

/// The connection that publishes: persistent, `mandatory`, with publisher confirms.
package final class PublishingConnection: Sendable {
    private let thread: ConnectionThread<PublisherRole>
    private let counter = Atomic<UInt64>(0)
    private let nonce = UInt32.random(in: .min ... .max)

    /// - Parameters:
    ///   - confirmTimeout: how long the broker may take to confirm. Suspended during a resource alarm.
    ///   - timeout: how long a message may wait to be sent while the broker is unavailable or blocks the connection.
    package init(
        _ endpoint: AMQPEndpoint, confirmTimeout: Duration = .seconds(30), timeout: Duration = .seconds(600),
        onEvent: @escaping @Sendable (ConnectionEvent) -> Void
    ) {
        self.thread = ConnectionThread(endpoint) {
            PublisherRole(confirmTimeout: confirmTimeout, timeout: timeout, onEvent: onEvent)
        }
    }

    package func start() { self.thread.start(name: "amqp-publish") }

    /// Publishes and waits for the result. The message gets a generated id, which identifies a return.
    package func publish(_ message: OutgoingMessage) async -> PublishOutcome {
        var message = message
        let number = self.counter.add(1, ordering: .relaxed).newValue
        message.properties.messageID = "\(String(self.nonce, radix: 16))-\(number)"
        return await withCheckedContinuation { continuation in
            let isTaken = self.thread.post(.publish(message, PublisherRole.Ticket(resume: continuation)))
            if !isTaken { continuation.resume(returning: .unconfirmed("the worker is stopping")) }
        }
    }

    /// Closes the connection; unconfirmed messages end as ``PublishOutcome/unconfirmed(_:)``.
    package func stop() { self.thread.stop() }

    /// Time since its event loop last ran.
    package var loopAge: Duration { self.thread.age }

    package func waitUntilStopped() async { await self.thread.waitUntilStopped() }
}

private final class PublisherRole: ConnectionRole {
    struct Ticket: Sendable {
        let resume: CheckedContinuation<PublishOutcome, Never>
    }

    enum Command: Sendable {
        case publish(OutgoingMessage, Ticket)
    }

    private struct Waiting {
        let message: OutgoingMessage
        let ticket: Ticket
        let giveUpAt: ContinuousClock.Instant
    }

    /// What publish permissions apply to.
    private struct Target: Hashable {
        let exchange: String
        let routingKey: String
    }

    private struct Sent {
        let sequence: UInt64
        let target: Target
        var giveUpAt: ContinuousClock.Instant
    }

    private static let number: UInt16 = 1
    /// How long nothing is sent to a target after a refusal, which closes the channel and loses all confirms.
    private static let refusalLasts = Duration.seconds(60)
    private var channel = PublisherChannel(openedAt: .now)
    private let confirmTimeout: Duration
    private let timeout: Duration
    private let onEvent: @Sendable (ConnectionEvent) -> Void
    /// A slice: removing the first of many elements is cheap.
    private var waiting: ArraySlice<Waiting> = []
    private var confirms = PublisherConfirms<Ticket>()
    /// In sending order; the first element is not answered yet.
    private var sent: ArraySlice<Sent> = []
    private var assembler = DeliveryAssembler()
    private var blockedSince: ContinuousClock.Instant?
    /// Targets where the user is known to have no permission to publish.
    private var refusals: [Target: (until: ContinuousClock.Instant, reason: String)] = [:]
    private var toldRefusals: Set<String> = []
    private var isStopped = false

    init(confirmTimeout: Duration, timeout: Duration, onEvent: @escaping @Sendable (ConnectionEvent) -> Void) {
        (self.confirmTimeout, self.timeout, self.onEvent) = (confirmTimeout, timeout, onEvent)
    }

    func connected(_ socket: AMQPSocket) throws(AMQPError) {
        try socket.openConfirmChannel(Self.number)
        (self.assembler, self.blockedSince, self.channel) = (DeliveryAssembler(), nil, PublisherChannel(openedAt: .now))
        self.onEvent(.connected(host: socket.host))
    }

    func perform(_ command: Command, _ socket: AMQPSocket?) throws(AMQPError) {
        switch command {
        case .publish(let message, let ticket):
            guard !self.isStopped else {
                return ticket.resume.resume(returning: .unconfirmed("the worker is stopping"))
            }
            // Checked up front: failing halfway through the write would cost the connection.
            guard message.body.count <= AMQPSocket.largestBody,
                message.properties.encodedSize <= AMQPSocket.largestProperties
            else {
                return ticket.resume.resume(returning: .unsendable("its headers or its body are too large to publish"))
            }
            self.waiting.append(Waiting(message: message, ticket: ticket, giveUpAt: .now + self.timeout))
        }
    }

    /// Writing to a full socket would block this thread, so writes wait until it is writable.
    var hasOutput: Bool {
        self.blockedSince == nil
            && self.channel.hasOutput(waiting: !self.waiting.isEmpty, outstanding: self.confirms.outstanding)
    }

    func write(_ socket: AMQPSocket) throws(AMQPError) {
        try self.perform(self.channel.writable(outstanding: self.confirms.outstanding), socket)
        guard self.channel.state == .open else { return }
        // A few at a time, reading answers in between.
        for _ in 0..<min(32, self.waiting.count) {
            guard self.blockedSince == nil, socket.canWrite else { return }
            let next = self.waiting.removeFirst()
            let target = Target(exchange: next.message.exchange, routingKey: next.message.routingKey)
            if let refusal = self.refusals[target], refusal.until > .now {
                next.ticket.resume.resume(returning: .refused(refusal.reason))
                continue
            }
            let sequence = self.confirms.published(messageID: next.message.properties.messageID ?? "", next.ticket)
            self.sent.append(Sent(sequence: sequence, target: target, giveUpAt: .now + self.confirmTimeout))
            try socket.publish(next.message, on: Self.number)
        }
    }

    func handle(_ frame: AMQPFrame, _ socket: AMQPSocket) throws(AMQPError) {
        switch frame {
        case .ack(let number, let isMultiple): self.resume(self.confirms.acknowledged(number, isMultiple: isMultiple))
        case .nack(let number, let isMultiple):
            self.channel.refused(at: .now)
            self.resume(self.confirms.rejected(number, isMultiple: isMultiple))
        case .channelClosed: try self.perform(self.channel.closed(), socket)
        case .channelOpened: try self.perform(self.channel.opened(), socket)
        case .confirmsSelected: try self.perform(self.channel.confirmsSelected(at: .now), socket)
        case .return(_, let code, let text): self.assembler.begin(.return(reason: "\(code) \(text)"))
        // For a returned message, its message id is sufficient.
        case .header(_, let bodySize, let properties, _):
            self.returned(try self.assembler.header(bodySize: bodySize, properties, keeping: .nothing))
        case .body(_, let fragment): self.returned(try self.assembler.body(fragment))
        case .blocked(let reason):
            self.blockedSince = self.blockedSince ?? .now
            self.onEvent(.blocked(reason: reason))
        case .unblocked: self.unblock()
        case .channelRefused(_, let code, let text): try self.channelRefused(code, text, socket)
        case .deliver, .consumerCancelled, .prefetchSet, .consuming, .cancelled, .connectionClosed, .other: break
        }
    }

    /// Without permission the broker closes the channel and names the exchange: this means the first message sent to
    /// it; those behind it were not checked. The connection is fine.
    private func channelRefused(_ code: UInt16, _ text: String, _ socket: AMQPSocket) throws(AMQPError) {
        let exchange = text.firstMatch(of: /exchange '([^']*)'/).map {
            $0.output.1 == "amq.default" ? "" : String($0.output.1)
        }
        let topic = text.firstMatch(of: /topic '([^']*)'/).map { String($0.output.1) }
        let refused = self.sent.first {
            self.confirms.isOutstanding($0.sequence) && $0.target.exchange == exchange
                && (topic == nil || $0.target.routingKey == topic)
        }
        guard code == 403, let refused, let action = self.channel.closedByBroker() else {
            throw AMQPError("publish", refused: code, text)
        }
        self.refusals[refused.target] = (.now + Self.refusalLasts, text)
        if self.toldRefusals.insert(text).inserted { self.onEvent(.publishingRefused(reason: text)) }
        self.confirms.abandon(refused.sequence)?.resume.resume(returning: .refused(text))
        for ticket in self.confirms.channelLost() { ticket.resume.resume(returning: .unconfirmed(text)) }
        self.sent = []
        try socket.confirmClose(of: Self.number)
        try self.perform(action, socket)
    }

    private func perform(_ action: PublisherChannel.Action?, _ socket: AMQPSocket) throws(AMQPError) {
        switch action {
        case .close: try socket.closeChannel(Self.number)
        case .open: try socket.openChannel(Self.number)
        case .selectConfirms: try socket.selectConfirms(on: Self.number)
        case .begin:
            (self.confirms, self.sent, self.assembler) = (PublisherConfirms(), [], DeliveryAssembler())
            self.onEvent(.channelRenewed)
        case nil: break
        }
    }

    private func returned(_ message: DeliveryAssembler.Assembled?) {
        guard let message, case .return(let reason) = message.kind, let messageID = message.properties.messageID else {
            return
        }
        self.confirms.returned(messageID: messageID, reason: reason)
    }

    /// The broker does not read while it blocks, so that time does not count against confirms.
    private func unblock() {
        guard let since = self.blockedSince else { return }
        let pause = ContinuousClock.now - since
        for index in self.sent.indices { self.sent[index].giveUpAt += pause }
        self.blockedSince = nil
        self.onEvent(.unblocked)
    }

    private func resume(_ outcomes: [(Ticket, PublishOutcome)]) {
        for (ticket, outcome) in outcomes { ticket.resume.resume(returning: outcome) }
        while let first = self.sent.first, !self.confirms.isOutstanding(first.sequence) { self.sent.removeFirst() }
    }

    var nextDeadline: ContinuousClock.Instant? {
        let confirm = self.blockedSince == nil ? self.sent.first?.giveUpAt : nil
        return [confirm, self.waiting.first?.giveUpAt].compactMap { $0 }.min()
    }

    func timeIsUp(_ now: ContinuousClock.Instant, _ socket: AMQPSocket?) throws(AMQPError) {
        while let first = self.waiting.first, first.giveUpAt <= now {
            self.waiting.removeFirst()
            first.ticket.resume.resume(
                returning: .unconfirmed("the broker took no messages for \(self.timeout.formatted)"))
        }
        while self.blockedSince == nil, let first = self.sent.first, first.giveUpAt <= now {
            self.sent.removeFirst()
            self.confirms.abandon(first.sequence)?.resume.resume(
                returning: .unconfirmed("the broker did not confirm within \(self.confirmTimeout.formatted)"))
        }
    }

    func disconnected(_ error: AMQPError, retryIn pause: Duration) {
        self.blockedSince = nil
        self.sent = []
        // It is unknown whether the broker has them. Unsent messages wait for the next connection.
        for ticket in self.confirms.channelLost() { ticket.resume.resume(returning: .unconfirmed(error.description)) }
        self.onEvent(.disconnected(error, retryIn: pause))
    }

    func stopped() {
        self.isStopped = true
        for ticket in self.confirms.channelLost() + self.waiting.map(\.ticket) {
            ticket.resume.resume(returning: .unconfirmed("the worker is stopping"))
        }
        self.waiting = []
    }
}
