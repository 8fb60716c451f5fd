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
        let body: [UInt8]
    }

    private enum State: Sendable {
        /// → `header`
        case idle
        /// → `body`, or `idle` with an empty body
        case header(Kind)
        /// → `body`, `idle`
        case body(Kind, MessageProperties, size: UInt64, [UInt8])
    }

    private var state = State.idle

    mutating func begin(_ kind: Kind) { self.state = .header(kind) }

    mutating func header(bodySize: UInt64, _ properties: MessageProperties) -> Assembled? {
        guard case .header(let kind) = self.state else { return nil }
        guard bodySize > 0 else {
            self.state = .idle
            return Assembled(kind: kind, properties: properties, body: [])
        }
        var body: [UInt8] = []
        // A stranger's header decides the size; what it claims is not allocated before it arrives.
        body.reserveCapacity(Int(min(bodySize, 1 << 20)))
        self.state = .body(kind, properties, size: bodySize, body)
        return nil
    }

    mutating func body(_ fragment: [UInt8]) -> Assembled? {
        guard case .body(let kind, let properties, let size, var body) = self.state else { return nil }
        self.state = .idle  // so that the array below is not shared, and appending does not copy
        body += fragment
        guard UInt64(body.count) >= size else {
            self.state = .body(kind, properties, size: size, body)
            return nil
        }
        return Assembled(kind: kind, properties: properties, body: body)
    }
}
