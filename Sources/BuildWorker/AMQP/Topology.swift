/// The exchange, queues and bindings that the worker expects (design: WORKFLOW.md, "Topology"). A value; nothing is declared here.
public struct Topology: Sendable {
    public struct Queue: Sendable {
        public let name: String
        public let purpose: String
        public let arguments: AMQPTable
        /// What goes wrong without it.
        public let withoutIt: String
        /// The work queue whose rejected messages wait here; `nil`: none. Where somebody else made that queue, another may do this one's work.
        var waitsFor: String?

        func called(_ name: String) -> Queue {
            Queue(name: name, purpose: self.purpose, arguments: self.arguments, withoutIt: self.withoutIt, waitsFor: self.waitsFor)
        }
    }

    public let exchange: String
    /// Where build events go, a topic exchange; whoever wants them binds queues of their own. `nil`: none are sent.
    public let eventsExchange: String?
    /// Bound to the exchange by their names. In the order of the flow.
    public internal(set) var queues: [Queue]

    /// - Parameter brokerVersion: of the broker, for example "3.10.8"; from 4.0 on work queues need their delivery
    ///   limit switched off, and earlier ones refuse that argument's value.
    public init(_ options: RabbitMQOptions, events: EventOptions = EventOptions(), brokerVersion: String = "") {
        let isUnlimitedByDefault = (brokerVersion.split(separator: ".").first.flatMap { Int($0) } ?? 3) < 4
        func quorum(_ more: AMQPTable = [:]) -> AMQPTable { AMQPTable([.init("x-queue-type", "quorum")] + more.fields) }
        func deadLettering(to queue: String, after ttl: Duration?) -> AMQPTable {
            var table: AMQPTable = [
                "x-dead-letter-exchange": "", "x-dead-letter-routing-key": .text(queue),
                // The message stays in its queue until the next one has confirmed it.
                "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
            ]
            if let ttl { table["x-message-ttl"] = .int64(Int64(ttl / .milliseconds(1))) }
            return quorum(table)
        }
        func work(_ wait: String) -> AMQPTable {
            var table = deadLettering(to: wait, after: nil)
            if !isUnlimitedByDefault { table["x-delivery-limit"] = .int64(-1) }
            return table
        }
        self.exchange = options.exchange
        self.eventsExchange = events.exchange.isEmpty ? nil : events.exchange
        var queues = [
            Queue(
                name: options.queue, purpose: "builds to start and stop", arguments: work(options.waitQueue),
                withoutIt: "no build is taken; the worker waits for the queue and says so"),
            Queue(
                name: options.waitQueue, purpose: "builds waiting for another attempt",
                arguments: deadLettering(to: options.queue, after: options.retryDelay),
                withoutIt: "a rejected build is lost, unless \(options.queue) dead-letters elsewhere", waitsFor: options.queue),
        ]
        if options.retryQueueEnabled {
            queues += [
                Queue(
                    name: options.retryQueue, purpose: "builds to verify", arguments: work(options.retryWaitQueue),
                    withoutIt: "no build is verified; starts are tried again until the queue exists"),
                Queue(
                    name: options.retryWaitQueue, purpose: "verifications waiting for another attempt",
                    arguments: deadLettering(to: options.retryQueue, after: options.retryDelay),
                    withoutIt: "a rejected verification is lost, unless \(options.retryQueue) dead-letters elsewhere", waitsFor: options.retryQueue),
                Queue(
                    name: options.initQueue, purpose: "init timers: builds whose pods are being watched",
                    arguments: deadLettering(to: options.retryQueue, after: options.initTimeout),
                    withoutIt: "init timers are kept in the worker's memory and on its own disk (SPOOL_DIRECTORY); a worker that loses its disk forgets them"),
            ]
        }
        queues.append(
            Queue(
                name: options.parkedQueue, purpose: "unreadable and poison messages",
                // `worker parked` looks at messages by taking them and giving them back, which must not count against them.
                arguments: quorum(isUnlimitedByDefault ? [:] : ["x-delivery-limit": .int64(-1)]),
                withoutIt: "unreadable messages are dropped after one log line with their hash"))
        self.queues = queues
    }

    /// The topology as JSON, for people and tools.
    public var document: JSONValue {
        var document: JSONValue = [
            "exchange": ["name": .string(self.exchange), "type": "direct", "durable": true],
            "queues": .array(
                self.queues.map { queue in
                    [
                        "name": .string(queue.name), "purpose": .string(queue.purpose), "durable": true,
                        "arguments": .object(queue.arguments.fields.map { .init($0.name, $0.value.json) }),
                        "boundWith": .string(queue.name),
                    ]
                }),
        ]
        if let eventsExchange { document["eventsExchange"] = ["name": .string(eventsExchange), "type": "topic", "durable": true] }
        return document
    }
}

extension AMQPValue {
    fileprivate var json: JSONValue { self.text.map { .string($0) } ?? self.integer.map { .number(String($0)) } ?? .null }
}
