internal import Support
internal import Synchronization

/// Identifies a delivery; the broker's tag is valid only on the channel it arrived on.
package struct DeliveryTag: Hashable, Sendable {
    /// The number of the channel on this connection. A tag of an earlier channel is stale: its message was requeued
    /// when that channel closed, and settling it elsewhere would close the new channel.
    package let generation: UInt64
    package let channel: UInt16
    package let number: UInt64

    /// The tag of a delivery created by this process; the broker's channels begin with 1.
    package static func ofThisProcess(_ number: UInt64) -> DeliveryTag {
        DeliveryTag(generation: 0, channel: 0, number: number)
    }
    package var isOfThisProcess: Bool { self.channel == 0 }
}

/// Open channels by generation, for use outside the connection's thread.
final class OpenChannels: Sendable {
    private let generations = Mutex<Set<UInt64>>([])

    func open(_ generation: UInt64) { self.generations.withLock { _ = $0.insert(generation) } }
    package func close(_ generation: UInt64) { self.generations.withLock { _ = $0.remove(generation) } }
    func contains(_ generation: UInt64) -> Bool { self.generations.withLock { $0.contains(generation) } }
}

/// A message delivered by the broker that has to be settled.
package struct Delivery: Sendable {
    package let tag: DeliveryTag
    package let queue: String
    /// Delivered before, to this or another worker, and not settled.
    package let isRedelivered: Bool
    package let properties: MessageProperties
    package let body: [UInt8]
    /// Size and hash of a body too large to keep; ``body`` is empty then.
    package var omitted: OmittedBody?
    /// The headers are nested too deeply or too many to be read; ``properties`` has none.
    package var hasUnreadHeaders = false

    package init(
        tag: DeliveryTag, queue: String, isRedelivered: Bool, properties: MessageProperties, body: [UInt8],
        omitted: OmittedBody? = nil, hasUnreadHeaders: Bool = false
    ) {
        self.tag = tag
        self.queue = queue
        self.isRedelivered = isRedelivered
        self.properties = properties
        self.body = body
        self.omitted = omitted
        self.hasUnreadHeaders = hasUnreadHeaders
    }

    /// Bytes of the message's body, kept or not.
    package var bodySize: Int { self.omitted?.size ?? self.body.count }
    package var bodyHash: String { self.omitted?.hash ?? Fingerprint.of(self.body) }

    /// Earlier deliveries that were not settled. Clients may forge the header; trusted on redelivered messages only.
    package var redeliveries: Int {
        self.isRedelivered ? max(0, self.properties.headers["x-delivery-count"]?.integer ?? 0) : 0
    }
}

/// A body whose bytes were dropped on arrival.
package struct OmittedBody: Hashable, Sendable {
    let size: Int
    /// ``Fingerprint``
    package let hash: String
}

/// The properties of an AMQP message that we read, write and forward.
package struct MessageProperties: Hashable, Sendable {
    package var contentType: String?
    package var contentEncoding: String?
    package var headers = AMQPTable()
    package var isPersistent = true
    package var priority: UInt8?
    package var correlationID: String?
    package var replyTo: String?
    package var messageID: String?
    /// Unix time in seconds.
    package var timestamp: UInt64?
    package var type: String?
    package var appID: String?

    package init() {}
}

/// A message to publish: persistent, `mandatory`, confirmed.
package struct OutgoingMessage: Sendable {
    package var exchange: String
    package var routingKey: String
    package var properties: MessageProperties
    package var body: [UInt8]

    package init(
        exchange: String, routingKey: String, properties: MessageProperties = MessageProperties(), body: [UInt8]
    ) {
        (self.exchange, self.routingKey, self.properties, self.body) = (exchange, routingKey, properties, body)
    }
}
