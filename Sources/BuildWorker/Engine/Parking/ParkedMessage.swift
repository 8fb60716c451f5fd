internal import Clients
package import RabbitMQ
internal import Support

/// A message in the parked queue: unchanged, with the reason in headers of our own.
package struct ParkedMessage: Sendable {
    /// Identifies it to operators: 12 hexadecimal digits.
    package let id: String
    package let reason: String
    package let detail: String
    /// The queue it came from, the default target of a retry. `nil`: another program parked it.
    package let origin: String?
    /// RFC 3339; empty if not recorded.
    package let parkedAt: String
    package let properties: MessageProperties
    package let body: [UInt8]

    /// The broker acts on these headers: it would route copies to the queues they name, including this worker's.
    private static let setAside = [("CC", Header.originalCC), ("BCC", Header.originalBCC)]
    private static let counts = [
        "x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason", "x-last-death-exchange",
        "x-last-death-queue",
        "x-last-death-reason", "x-delivery-count", Header.earlierAttempts, Header.poisonCrashes, Header.initRound,
        Header.initTimer,
        Header.owedSince, Header.troubledSince, Header.isPermanent,
    ]

    /// - Parameter nonce: distinguishes equal messages of the same millisecond; `at` is RFC 3339.
    init(
        _ delivery: Delivery, for error: BuildMessageError, at time: String, nonce: UInt64 = .random(in: .min ... .max)
    ) {
        (self.reason, self.detail, self.origin, self.parkedAt) = (error.reason, error.description, delivery.queue, time)
        self.id = Self.id(delivery.body, "\(time) \(nonce)")
        self.body = delivery.body
        var properties = delivery.properties
        properties.isPersistent = true
        if let id = properties.messageID { properties.headers[Header.originalMessageID] = .text(id) }
        let malformed = error == .malformedDeathHistory ? [("x-death", Header.malformedDeaths)] : []
        for (name, kept) in Self.setAside + malformed {
            guard let value = properties.headers[name] else { continue }
            properties.headers[kept] = value
            properties.headers[name] = nil
        }
        self.properties = properties
    }

    /// Parses a message of the parked queue. No header is required: messages of other programs are accepted.
    package init(parked delivery: Delivery) {
        let headers = delivery.properties.headers
        self.reason = headers[Header.parkedReason]?.text ?? "unknown"
        self.detail = headers[Header.parkedDetail]?.text ?? ""
        self.origin = headers[Header.parkedFrom]?.text
        self.parkedAt = headers[Header.parkedAt]?.text ?? ""
        self.id = headers[Header.parkedID]?.text ?? Self.id(delivery.body, self.parkedAt)
        (self.properties, self.body) = (delivery.properties, delivery.body)
    }

    private static func id(_ body: [UInt8], _ time: String) -> String {
        var fingerprint = Fingerprint()
        fingerprint.add(body.prefix(1 << 20))
        fingerprint.add(Array(time.utf8))
        return String(fingerprint.text.prefix(12))
    }

    private var reasons: AMQPTable {
        var table: AMQPTable = [
            Header.parkedID: .text(self.id), Header.parkedReason: .text(self.reason),
            Header.parkedDetail: .text(self.detail),
            Header.parkedAt: .text(self.parkedAt),
        ]
        if let origin = self.origin { table[Header.parkedFrom] = .text(origin) }
        return table
    }

    func outgoing(_ options: RabbitMQOptions) -> OutgoingMessage {
        var properties = self.properties
        for field in self.reasons.fields { properties.headers[field.name] = field.value }
        return OutgoingMessage(
            exchange: options.exchange, routingKey: options.parkedQueue, properties: properties, body: self.body)
    }

    /// Without the message's own headers: together with ours they may exceed the limit, and the body matters more.
    func outgoingWithoutHeaders(_ options: RabbitMQOptions) -> OutgoingMessage {
        var message = self.outgoing(options)
        message.properties.headers = self.reasons
        return message
    }

    /// The message to publish on a retry: attempts reset, the parking added to its history.
    ///
    /// - Parameter queue: by default where it came from.
    package func retry(_ options: RabbitMQOptions, to queue: String? = nil, at time: String) -> OutgoingMessage? {
        guard let queue = queue ?? self.origin else { return nil }
        var properties = self.properties
        properties.isPersistent = true
        var headers = properties.headers
        var entry = self.reasons
        entry["retried-at"] = .text(time)
        for field in self.reasons.fields { headers[field.name] = nil }
        for name in Self.counts { headers[name] = nil }
        headers[Header.parkedHistory] = .array((headers[Header.parkedHistory]?.array ?? []) + [.table(entry)])
        properties.headers = headers
        return OutgoingMessage(exchange: options.exchange, routingKey: queue, properties: properties, body: self.body)
    }

    package var retries: Int { self.properties.headers[Header.parkedHistory]?.array?.count ?? 0 }
}
