internal import Support

/// Assembles the frames of one channel: `deliver` (or `return`), a header, then bodies until the size is reached.
struct DeliveryAssembler: Sendable {
    /// What a content header belongs to.
    enum Kind: Sendable {
        case delivery(number: UInt64, isRedelivered: Bool)
        case `return`(reason: String)
    }

    struct Assembled: Sendable {
        let kind: Kind
        let properties: MessageProperties
        var hasUnreadHeaders = false
        var body: [UInt8] = []
        /// Set if the body was not kept; `body` is empty then.
        var omitted: OmittedBody?
        let keeping: Keeping
    }

    enum Keeping: Sendable {
        case all
        case hash
        case nothing
    }

    private enum State: Sendable {
        /// → `header`
        case idle
        /// → `body`, or `idle` with an empty body
        case header(Kind)
        /// → `body`, `idle`
        case body(Assembled, missing: Int, Fingerprint)
    }

    /// RabbitMQ's upper bound for `max_message_size`.
    static let largestBody = 512 << 20

    private var state = State.idle

    /// The kind of content that the next header belongs to.
    var kind: Kind? { if case .header(let kind) = self.state { kind } else { nil } }

    mutating func begin(_ kind: Kind) { self.state = .header(kind) }

    /// - Throws: if the size exceeds any broker's limit.
    mutating func header(
        bodySize: UInt64, _ properties: MessageProperties, hasUnreadHeaders: Bool = false, keeping: Keeping = .all
    ) throws(AMQPError) -> Assembled? {
        guard case .header(let kind) = self.state else { return nil }
        guard bodySize <= UInt64(Self.largestBody) else {
            throw AMQPError(violation: "it announces a message of \(bodySize) bytes")
        }
        let size = Int(bodySize)
        var message = Assembled(
            kind: kind, properties: properties, hasUnreadHeaders: hasUnreadHeaders, keeping: keeping)
        switch keeping {
        // The header's size is not trusted: memory is allocated as the bytes arrive.
        case .all: message.body.reserveCapacity(min(size, 1 << 20))
        case .hash, .nothing: message.omitted = OmittedBody(size: size, hash: "")
        }
        self.state = size > 0 ? .body(message, missing: size, Fingerprint()) : .idle
        return size > 0 ? nil : message
    }

    /// - Throws: for more bytes than announced, or an empty frame, of which there could be endlessly many.
    mutating func body(_ fragment: [UInt8]) throws(AMQPError) -> Assembled? {
        guard case .body(var message, var missing, var hash) = self.state else { return nil }
        self.state = .idle // so that the array is not shared, and appending does not copy
        guard (1...missing).contains(fragment.count) else {
            throw AMQPError(
                violation: fragment.isEmpty
                    ? "a frame of a message's body is empty" : "a message's body is larger than announced")
        }
        missing -= fragment.count
        switch message.keeping {
        case .all: message.body += fragment
        case .hash: hash.add(fragment)
        case .nothing: break
        }
        guard missing == 0 else {
            self.state = .body(message, missing: missing, hash)
            return nil
        }
        if let omitted = message.omitted { message.omitted = OmittedBody(size: omitted.size, hash: hash.text) }
        return message
    }
}
