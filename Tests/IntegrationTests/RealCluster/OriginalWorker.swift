import Foundation
import Synchronization
import TestSupport

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support

/// What the worker that we succeed does to queues, cluster and build API, as was recorded of it, and no better: it makes a pod at each `start`, under a
/// name of its own each time, and fails a build whose pod is pending when it is asked to verify it.
final class OriginalWorker: Sendable {
    private let environment: [String: String]
    private let options: RabbitMQOptions
    private let consuming: ConsumingConnection
    private let publishing: PublishingConnection
    private let work = Mutex<Task<Void, Never>?>(nil)
    /// Pods are made and nothing is acked.
    let isStuck = Atomic<Bool>(false)
    private static let transport = HTTPTransport()

    /// - Parameter environment: its variables; the same that ours is given.
    init(_ environment: [String: String], _ options: RabbitMQOptions) {
        (self.environment, self.options) = (environment, options)
        let endpoint = AMQPEndpoint(options, connectionName: "original")
        self.consuming = ConsumingConnection(
            endpoint, queues: [options.queue, options.retryQueue], prefetch: 20, host: "original"
        ) { _ in }
        self.publishing = PublishingConnection(endpoint) { _ in }
    }

    func start() {
        self.publishing.start()
        self.consuming.start()
        let task = Task {
            await withDiscardingTaskGroup { group in
                for await delivery in self.consuming.deliveries {
                    group.addTask {
                        guard let settlement = await self.handle(delivery) else { return }
                        self.consuming.settle(delivery.tag, as: settlement)
                    }
                }
            }
        }
        self.work.withLock { $0 = task }
    }

    /// It has no drain: what is in flight goes back to the queue.
    func stop() async {
        self.consuming.stop()
        await self.consuming.waitUntilStopped()
        self.publishing.stop()
        self.work.withLock { $0 }?.cancel()
    }

    private func handle(_ delivery: Delivery) async -> Settlement? {
        do {
            let message = try BuildMessage(decoding: delivery.body)
            guard let build = message.build else { return .ack }
            switch message.job {
            case .start:
                guard try await self.start(build, delivery) else { return .nack }
                return self.isStuck.load(ordering: .relaxed) ? nil : .ack
            case .verify: try await self.verify(build)
            case .stop: guard try await self.request("DELETE", self.pods(of: build)).status == 200 else { return .nack }
            case .clear: break
            }
            return .ack
        } catch { return .ack }
    }

    private var podsPath: String { "/api/v1/namespaces/\(self.environment["K8S_JOBS_NAMESPACE"] ?? "")/pods" }
    private func pods(of build: BuildConfig) -> String { "\(self.podsPath)?labelSelector=sdbuild%3D\(build.buildID)" }

    private func start(_ build: BuildConfig, _ delivery: Delivery) async throws -> Bool {
        var pod = try PodManifest(build: build, options: KubernetesOptions(), ecosystem: EcosystemOptions()).document
        let name =
            "\(build.buildID)-\(String((0..<5).map { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() ?? "a" }))"
        pod["metadata"]?["name"] = .string(name)
        guard try await self.request("POST", self.podsPath, pod).status == 201 else { return false }
        try await self.tell(build, try await self.request("GET", "\(self.podsPath)/\(name)/status").body)
        guard var verify = try JSONValue(parsing: delivery.body) as JSONValue? else { return true }
        verify["job"] = "verify"
        // Its timer is in its memory.
        let message = OutgoingMessage(
            exchange: self.options.exchange, routingKey: self.options.retryQueue, body: verify.serialized())
        Task {
            try await Task.sleep(for: self.options.initTimeout)
            _ = await self.publishing.publish(message)
        }
        return true
    }

    private func verify(_ build: BuildConfig) async throws {
        for pod in try await self.request("GET", self.pods(of: build)).body["items"]?.array ?? [] {
            guard pod[path: "status", "phase"]?.string == "Pending" else { return try await self.tell(build, pod) }
            try await self.put(
                build, ["status": "FAILURE", "statusMessage": "Build failed to start. Pod is still initializing."])
        }
    }

    private func tell(_ build: BuildConfig, _ pod: JSONValue) async throws {
        if let node = pod[path: "spec", "nodeName"] {
            try await self.put(build, ["stats": ["hostname": node, "imagePullStartTime": .string(Timestamp.now.text)]])
        } else {
            try await self.put(build, ["statusMessage": "Waiting for resources to be available."])
        }
    }

    private func put(_ build: BuildConfig, _ body: JSONValue) async throws {
        let url = "\(self.environment["ECOSYSTEM_API"] ?? "")/v4/builds/\(build.buildID)"
        _ = try await Self.transport.send(
            HTTPRequest(method: "PUT", url: url, bearer: build.token, body: body.serialized()), deadline: .seconds(10))
    }

    private func request(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> (
        status: Int, body: JSONValue
    ) {
        let url = "\(self.environment["K8S_HOST"] ?? "")\(path)"
        let request = HTTPRequest(
            method: method, url: url, bearer: Secret(self.environment["K8S_TOKEN"] ?? ""), body: body?.serialized())
        let response = try await Self.transport.send(request, deadline: .seconds(10))
        return (response.status, try JSONValue(parsing: response.body))
    }
}
