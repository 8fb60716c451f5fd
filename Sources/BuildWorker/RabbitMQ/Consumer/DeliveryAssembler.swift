internal import Support

/// Puts the frames of one channel together: `deliver` (or `return`), then a header, then bodies until its size is reached.
struct DeliveryAssembler: Sendable {
    /// What a content header belongs to.
    enum Kind: Sendable {
        case delivery(number: UInt64, isRedelivered: Bool)
        case `return`(reason: String)
    }

    /// A message that is whole.
    struct Assembled: Sendable {
        let kind: Kind
        let properties: MessageProperties
        var hasUnreadHeaders = false
        var body: [UInt8] = []
        /// Where the body was not to be kept; `body` is empty then.
        var omitted: OmittedBody?
        let keeping: Keeping
    }

    /// What becomes of a body's bytes.
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

    /// RabbitMQ can be set up to take so much (`max_message_size`), and not more.
    static let largestBody = 512 << 20

    private var state = State.idle

    /// What a header would belong to.
    var kind: Kind? { if case .header(let kind) = self.state { kind } else { nil } }

    mutating func begin(_ kind: Kind) { self.state = .header(kind) }

    /// - Throws: a size that no broker has.
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
        // A stranger's header decides the size; what it claims is not allocated before it arrives.
        case .all: message.body.reserveCapacity(min(size, 1 << 20))
        case .hash, .nothing: message.omitted = OmittedBody(size: size, hash: "")
        }
        self.state = size > 0 ? .body(message, missing: size, Fingerprint()) : .idle
        return size > 0 ? nil : message
    }

    /// - Throws: more bytes than were announced, or a frame without any, of which there could be no end.
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
