internal import Synchronization

/// Names one delivery to the broker, which knows it only on the channel it came by.
public struct DeliveryTag: Hashable, Sendable {
    /// Counts the channels this connection has opened. A tag of an earlier one is stale: its message was
    /// given back when that channel closed, and settling it elsewhere would close the new channel.
    public let generation: UInt64
    public let channel: UInt16
    public let number: UInt64

    /// Of a delivery that the process makes itself; the broker's channels begin with 1.
    static func ofThisProcess(_ number: UInt64) -> DeliveryTag { DeliveryTag(generation: 0, channel: 0, number: number) }
    var isOfThisProcess: Bool { self.channel == 0 }
}

/// The channels that deliveries can be settled on, by generation, for those who are not on the connection's thread.
final class OpenChannels: Sendable {
    private let generations = Mutex<Set<UInt64>>([])

    func open(_ generation: UInt64) { self.generations.withLock { _ = $0.insert(generation) } }
    func close(_ generation: UInt64) { self.generations.withLock { _ = $0.remove(generation) } }
    func contains(_ generation: UInt64) -> Bool { self.generations.withLock { $0.contains(generation) } }
}

/// A message the broker handed to us and waits to see settled.
public struct Delivery: Sendable {
    public let tag: DeliveryTag
    /// The queue it was consumed from.
    public let queue: String
    /// Handed out before, to us or another, and not settled.
    public let isRedelivered: Bool
    public let properties: MessageProperties
    public let body: [UInt8]
    /// What is known of a body that was too large to keep; ``body`` is empty then.
    var omitted: OmittedBody?
    /// Its headers nest too deep, or are too many, to be read: ``properties`` has none.
    var hasUnreadHeaders = false

    /// Bytes of the message's body, kept or not.
    var bodySize: Int { self.omitted?.size ?? self.body.count }
    var bodyHash: String { self.omitted?.hash ?? Fingerprint.of(self.body) }

    /// Deliveries before this one that nobody settled. Any client may write the header, and only of a message that the broker delivers
    /// again is it sure to be the broker's.
    var redeliveries: Int { self.isRedelivered ? max(0, self.properties.headers["x-delivery-count"]?.integer ?? 0) : 0 }
}

/// A body whose bytes were dropped as they came.
struct OmittedBody: Hashable, Sendable {
    let size: Int
    /// ``Fingerprint``
    let hash: String
}

/// The properties of an AMQP message that we read, write and pass on.
public struct MessageProperties: Hashable, Sendable {
    public var contentType: String?
    public var contentEncoding: String?
    public var headers = AMQPTable()
    public var isPersistent = true
    public var priority: UInt8?
    public var correlationID: String?
    public var replyTo: String?
    public var messageID: String?
    /// Seconds since 1970.
    public var timestamp: UInt64?
    public var type: String?
    public var appID: String?

    public init() {}
}

/// A message to publish: persistent, `mandatory`, confirmed.
public struct OutgoingMessage: Sendable {
    public var exchange: String
    public var routingKey: String
    public var properties: MessageProperties
    public var body: [UInt8]

    public init(exchange: String, routingKey: String, properties: MessageProperties = MessageProperties(), body: [UInt8]) {
        (self.exchange, self.routingKey, self.properties, self.body) = (exchange, routingKey, properties, body)
    }
}
