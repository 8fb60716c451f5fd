internal import BuildWorker
internal import Foundation
package import Support

/// RabbitMQ as the official guide of the original sets it up: a topic exchange, classic queues with priorities, `<queue>dlr` queues to wait in, all of it
/// bound to the exchange; and the time that rejected verifications wait is set by a policy alone.
package struct GuideDefinitions: Sendable {
    package let queues: Queues
    /// Of rejected builds: 5 s in the guide.
    package var retryDelay = 5.0
    /// Of rejected verifications: a minute in the guide.
    package var policyDelay = 60.0

    package init(_ queues: Queues) { self.queues = queues }

    package static func waitQueue(of queue: String) -> String { "\(queue)dlr" }

    /// As it is imported.
    package var document: JSONValue {
        func milliseconds(_ seconds: Double) -> JSONValue { .number(String(Int(seconds * 1000))) }
        func queue(_ name: String, to next: String, after ttl: JSONValue?) -> JSONValue {
            var arguments: JSONValue = [
                "x-dead-letter-exchange": .string(self.queues.exchange), "x-dead-letter-routing-key": .string(next),
                "x-max-priority": 2,
            ]
            arguments["x-message-ttl"] = ttl
            return ["name": .string(name), "vhost": "/", "durable": true, "auto_delete": false, "arguments": arguments]
        }
        let (build, retry) = (self.queues.build, self.queues.retry)
        let (wait, retryWait) = (Self.waitQueue(of: build), Self.waitQueue(of: retry))
        let eightHours: JSONValue = 28_800_000
        return [
            "policies": [
                [
                    "vhost": "/", "name": .string("\(build)-message-delay"),
                    "pattern": .string("^\(retryWait.replacing(".", with: "\\."))$"), "apply-to": "queues",
                    "definition": ["message-ttl": milliseconds(self.policyDelay)], "priority": 1,
                ]
            ],
            "exchanges": [
                [
                    "name": .string(self.queues.exchange), "vhost": "/", "type": "topic", "durable": true,
                    "auto_delete": false, "internal": false, "arguments": [:],
                ]
            ],
            "queues": [
                queue(build, to: wait, after: eightHours), queue(wait, to: build, after: milliseconds(self.retryDelay)),
                queue(retry, to: retryWait, after: eightHours), queue(retryWait, to: retry, after: nil),
            ],
            "bindings": .array(
                [build, wait, retry, retryWait].map { name in
                    [
                        "source": .string(self.queues.exchange), "vhost": "/", "destination": .string(name),
                        "destination_type": "queue",
                        "routing_key": .string(name), "arguments": [:],
                    ]
                }),
        ]
    }

    package func load(into broker: Broker) async throws {
        let file = broker.directory.appendingPathComponent("\(self.queues.build)-definitions.json")
        try Data(self.document.serialized()).write(to: file)
        try await broker.ctl("import_definitions", file.path)
    }

    /// A user with the guide's rights: of the exchange, the build queue and the retry queue, and of nothing else.
    package func addUser(_ name: String, password: String, to broker: Broker) async throws {
        let pattern =
            "^(\([self.queues.exchange, self.queues.build, self.queues.retry].joined(separator: "|").replacing(".", with: "\\.")))$"
        try await broker.ctl("add_user", name, password)
        try await broker.ctl("set_permissions", "-p", "/", name, pattern, pattern, pattern)
    }
}
