package import Support

/// The exchange, queues and bindings the worker expects (design: WORKFLOW.md, "Topology"). A value: declares nothing.
package struct Topology: Sendable {
    package struct Queue: Sendable {
        package var name: String
        let purpose: String
        let arguments: AMQPTable
        /// The consequence if it is missing.
        let withoutIt: String
        /// The work queue whose rejected messages wait here; `nil`: none. A foreign one may use another wait queue.
        package var waitsFor: String?

        func called(_ name: String) -> Queue {
            var queue = self
            queue.name = name
            return queue
        }
    }

    package let exchange: String
    /// The topic exchange for build events; consumers bind their own queues. `nil`: no events.
    package let eventsExchange: String?
    /// Bound to the exchange by name. In processing order.
    package var queues: [Queue]

    /// - Parameters:
    ///   - eventsExchange: empty: none.
    ///   - brokerVersion: for example "3.10.8"; from 4.0 on, work queues need their delivery limit disabled, and
    ///     earlier versions reject that argument's value.
    package init(_ options: RabbitMQOptions, eventsExchange: String = "", brokerVersion: String = "") {
        let isLimitedByDefault = (brokerVersion.split(separator: ".").first.flatMap { Int($0) } ?? 3) >= 4
        let unlimited: AMQPTable = isLimitedByDefault ? ["x-delivery-limit": .int64(-1)] : [:]
        /// - Parameter ttl: `nil` for a work queue.
        func deadLettering(to queue: String, after ttl: Duration?) -> AMQPTable {
            var table: AMQPTable = [
                "x-queue-type": "quorum", "x-dead-letter-exchange": "", "x-dead-letter-routing-key": .text(queue),
                // The message stays in its queue until the target queue has confirmed it.
                "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
            ]
            if let ttl {
                table["x-message-ttl"] = .int64(Int64(ttl / .milliseconds(1)))
            } else {
                table.fields += unlimited.fields
            }
            return table
        }
        func queue(_ role: QueueRole, _ name: String) -> Queue {
            switch role {
            case .build:
                Queue(
                    name: name, purpose: "builds to start and stop",
                    arguments: deadLettering(to: options.waitQueue, after: nil),
                    withoutIt: "no build is taken; the worker waits for the queue and says so")
            case .wait:
                Queue(
                    name: name, purpose: "builds waiting for another attempt",
                    arguments: deadLettering(to: options.queue, after: options.retryDelay),
                    withoutIt: "a rejected build is lost, unless \(options.queue) dead-letters elsewhere",
                    waitsFor: options.queue)
            case .retry:
                Queue(
                    name: name, purpose: "builds to verify",
                    arguments: deadLettering(to: options.retryWaitQueue, after: nil),
                    withoutIt: "no build is verified; starts are tried again until the queue exists")
            case .retryWait:
                Queue(
                    name: name, purpose: "verifications waiting for another attempt",
                    arguments: deadLettering(to: options.retryQueue, after: options.retryDelay),
                    withoutIt: "a rejected verification is lost, unless \(options.retryQueue) dead-letters elsewhere",
                    waitsFor: options.retryQueue)
            case .initTimers:
                Queue(
                    name: name, purpose: "init timers: builds whose pods are being watched",
                    arguments: deadLettering(to: options.retryQueue, after: options.initTimeout),
                    withoutIt:
                        "init timers are kept in the worker's memory and on its own disk (SPOOL_DIRECTORY); a worker that loses its"
                        + " disk forgets them")
            case .parked:
                // `worker parked` reads messages by consuming and requeueing them, which must not count as deliveries.
                Queue(
                    name: name, purpose: "unreadable and poison messages",
                    arguments: AMQPTable([.init("x-queue-type", "quorum")] + unlimited.fields),
                    withoutIt: "unreadable messages are dropped after one log line with their hash")
            }
        }
        self.exchange = options.exchange
        self.eventsExchange = eventsExchange.isEmpty ? nil : eventsExchange
        self.queues = options.queues.map(queue)
    }

    /// The topology as JSON, for display and tools.
    package var document: JSONValue {
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
        if let eventsExchange {
            document["eventsExchange"] = ["name": .string(eventsExchange), "type": "topic", "durable": true]
        }
        return document
    }

    /// The name that administrators of the original conventionally use.
    package static func conventionalWaitQueue(of queue: String) -> String { "\(queue)dlr" }
}

extension AMQPValue {
    fileprivate var json: JSONValue {
        self.text.map { .string($0) } ?? self.integer.map { .number(String($0)) } ?? .null
    }
}
