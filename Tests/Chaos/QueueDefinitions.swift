internal import BuildWorker
internal import ChaosModel
internal import Foundation
internal import Support
internal import TestSupport

/// Makes the queues of a run.
struct QueueDefinitions: Sendable {
    let settings: ChaosSettings
    let queues: Queues
    let environment: [String: String]

    func apply(to broker: Broker) async throws {
        switch self.settings.layout {
        case .quorum, .alone: try await self.applyWithWorker()
        case .classic:
            try await self.load(
                [
                    self.queue(self.queues.build, to: self.queues.wait),
                    self.queue(self.queues.wait, to: self.queues.build, after: self.settings.retryDelay),
                    self.queue(self.queues.retry, to: self.queues.retryWait),
                    self.queue(self.queues.retryWait, to: self.queues.retry, after: self.settings.retryDelay),
                    self.queue(self.queues.initTimers, to: self.queues.retry, after: self.settings.initTimeout),
                    self.queue(self.queues.parked),
                ], into: broker)
        case .guide:
            var guide = GuideDefinitions(self.queues)
            (guide.retryDelay, guide.policyDelay) = (self.settings.retryDelay, self.settings.retryDelay)
            try await guide.load(into: broker)
            try await guide.addUser(WorkerEnvironment.restrictedUser, password: "guest", to: broker)
            try await self.applyWithWorker()
        case .upstream:
            try await self.load(
                [self.queues.build, self.queues.retry].flatMap { name in
                    [
                        self.queue(name, to: "\(name)dlr"),
                        self.queue("\(name)dlr", to: name, after: self.settings.retryDelay),
                    ]
                }, into: broker)
        }
    }

    /// As an operator does.
    private func applyWithWorker() async throws {
        let apply = try ChildProcess(
            Surroundings.binaries.appendingPathComponent("worker"), ["topology", "apply"],
            environment: self.environment.merging(["RABBITMQ_USERNAME": "guest"]) { $1 })
        guard try await apply.waitForExit() == 0 else {
            throw NotInTime(description: "worker topology apply: \(apply.output) \(apply.errors)")
        }
    }

    private func queue(_ name: String, to next: String? = nil, after seconds: Double? = nil) -> JSONValue {
        var arguments: JSONValue = [:]
        if let next {
            arguments["x-dead-letter-exchange"] = ""
            arguments["x-dead-letter-routing-key"] = .string(next)
        }
        if let seconds { arguments["x-message-ttl"] = .number(String(Int(seconds * 1000))) }
        return ["name": .string(name), "vhost": "/", "durable": true, "auto_delete": false, "arguments": arguments]
    }

    private func load(_ queues: [JSONValue], into broker: Broker) async throws {
        let definitions: JSONValue = [
            "exchanges": [
                [
                    "name": .string(self.queues.exchange), "vhost": "/", "type": "direct", "durable": true,
                    "auto_delete": false, "internal": false, "arguments": [:],
                ]
            ],
            "queues": .array(queues),
            "bindings": .array(
                queues.compactMap { $0["name"]?.string }.map { name in
                    [
                        "source": .string(self.queues.exchange), "vhost": "/", "destination": .string(name),
                        "destination_type": "queue",
                        "routing_key": .string(name), "arguments": [:],
                    ]
                }),
        ]
        let file = broker.directory.appendingPathComponent("definitions.json")
        try Data(definitions.serialized()).write(to: file)
        try await broker.ctl("import_definitions", file.path)
    }
}
