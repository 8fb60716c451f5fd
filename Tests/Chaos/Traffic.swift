internal import BuildWorker
internal import ChaosModel
internal import Foundation
internal import RabbitMQ
internal import Support
internal import TestSupport

/// Publishes a plan, as controllers do: each message until the broker has confirmed it.
struct Traffic: Sendable {
    let queues: Queues
    let hasRetryQueue: Bool
    let simulator: Simulator
    let publisher: PublishingConnection
    let recorder: Recorder

    /// In every build's token, as its signature, and in rubbish.
    static let secret = "chaos-build-token-5d1c"
    /// The cluster's.
    static let clusterSecret = "chaos-cluster-token-90ab"

    func publish(_ plan: Plan, since start: ContinuousClock.Instant) async throws {
        try await withThrowingTaskGroup { group in
            for build in plan.builds {
                group.addTask {
                    try await Task.sleep(until: start + .seconds(build.at))
                    try await self.publish(build)
                }
            }
            for rubbish in plan.rubbish {
                group.addTask {
                    try await Task.sleep(until: start + .seconds(rubbish.at))
                    try await self.publish(rubbish)
                }
            }
            try await group.waitForAll()
        }
    }

    private func publish(_ build: PlannedBuild) async throws {
        if build.stop == .before {
            _ = try await self.simulator.abortBuild(build.build)
            // Before its start for certain. Who follows the stops publishes it again, and a broker may hand it out again as well.
            try await self.publishStop(of: build.build)
        }
        try await self.start(build)
        try await withThrowingTaskGroup { group in
            if let pause = build.copyAfter {
                group.addTask {
                    try await Task.sleep(for: .seconds(pause))
                    try await self.start(build)
                }
            }
            if case .after(let pause) = build.stop {
                group.addTask {
                    try await Task.sleep(for: .seconds(pause))
                    _ = try await self.simulator.abortBuild(build.build)
                }
            }
            try await group.waitForAll()
        }
    }

    private func start(_ build: PlannedBuild) async throws {
        let message: JSONValue = [
            "job": "start",
            "buildConfig": [
                "buildId": .number(String(build.build)), "jobId": .number(String(build.build + 1_000_000)),
                "jobName": "main", "eventId": 77,
                "pipeline": ["id": 4242, "name": "acme/shop", "scmContext": "github:github.com"], "annotations": [:],
                "apiUri": .string(self.simulator.api), "container": .string(build.fate.image),
                "token": .string(BuildToken.make(build.build, secret: Self.secret)),
            ],
        ]
        try await self.publish(message.serialized(), to: self.queues.build) {
            PublishRecord(t: $0, job: .start, build: build.build, image: build.fate.image, isConfirmed: $1)
        }
    }

    /// Until cancelled: has every build stopped that has ended, as the controller does whoever ended it.
    func publishStops() async throws {
        var last = 0
        while true {
            for stop in try await self.simulator.stops(after: last) {
                try await self.publishStop(of: stop.build)
                last = stop.number
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func publishStop(of build: Int) async throws {
        let message: JSONValue = [
            "job": "stop",
            "buildConfig": [
                "buildId": .number(String(build)), "jobId": .number(String(build + 1_000_000)), "jobName": "main",
                "pipelineId": 4242,
                "annotations": [:], "blockedBy": [], "freezeWindows": [], "apiUri": .string(self.simulator.api),
                "token": .string(BuildToken.make(build, secret: Self.secret)),
            ],
        ]
        try await self.publish(message.serialized(), to: self.queues.build) {
            PublishRecord(t: $0, job: .stop, build: build, isConfirmed: $1)
        }
    }

    private func publish(_ rubbish: Rubbish) async throws {
        let body = rubbish.body(token: BuildToken.make(1, secret: Self.secret))
        try await self.publish(
            body, to: rubbish.isForRetryQueue && self.hasRetryQueue ? self.queues.retry : self.queues.build
        ) {
            PublishRecord(t: $0, job: .rubbish, body: Data(body), isConfirmed: $1)
        }
    }

    private func publish(_ body: [UInt8], to queue: String, _ record: (Double, Bool) -> PublishRecord) async throws {
        var message = OutgoingMessage(exchange: self.queues.exchange, routingKey: queue, body: body)
        message.properties.contentType = "application/json"
        while true {
            let begun = Recorder.now
            let outcome = await self.publisher.publish(message)
            try self.recorder.published.write(record(begun, outcome == .confirmed))
            if outcome == .confirmed { return }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
