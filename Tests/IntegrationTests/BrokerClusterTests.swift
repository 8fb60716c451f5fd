import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// Three RabbitMQ nodes with quorum queues: any one of them may go.
    @Suite(.simulatedClusterOnly("what fails is the broker")) struct BrokerClusterTests {
        private static let quick = Stage.looking([
            "RABBITMQ_CONNECT_OPTIONS": #"{"heartbeatIntervalInSeconds":2,"reconnectTimeInSeconds":1}"#
        ])

        /// Publishes builds and returns when twenty of them are in flight.
        private func load(_ builds: ClosedRange<Int>, _ stage: Stage) async throws {
            let before = try await stage.simulator.state().podsCreated
            // Looks at pods take so long that the first twenty builds are in flight for a while.
            try await stage.simulator.fault([
                "listener": "kubernetes", "method": "GET", "times": 20, "action": ["delayMs": 1500],
            ])
            for build in builds { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("twenty pods are made and not settled") {
                try await stage.simulator.state().podsCreated >= before + 20
            }
        }

        private func awaitAll(_ builds: ClosedRange<Int>, _ stage: Stage, _ worker: WorkerProcess, asking node: Broker)
            async throws
        {
            do {
                try await eventually("builds \(builds) have their pods and timers", within: .seconds(90)) {
                    let state = try await stage.simulator.state()
                    return try builds.allSatisfy { state.pods($0).count >= 1 }
                        && stage.depth(\.initTimers) >= builds.upperBound && stage.isSettled()
                }
            } catch let late as NotInTime {
                let queues = try await node.ctl(
                    "list_queues", "name", "state", "leader", "online", "messages_ready", "messages_unacknowledged",
                    "--quiet")
                throw NotInTime(description: "\(late)\n\(queues)\n\(worker.child.output.suffix(6000))")
            }
            try await eventually("all is settled") { try await node.unacked(prefix: stage.queues.build) == 0 }
            let state = try await stage.simulator.state()
            for build in builds { #expect(state.pods(build).count == 1, "build \(build)") }
        }

        @Test func anyNodeMayBeKilledUnderLoad() async throws {
            let cluster = try await BrokerCluster.start()
            let stage = try await Stage.set(broker: cluster.nodes[0], initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], Self.quick)
            try await worker.waitUntilConsuming()
            for (index, victim) in cluster.nodes.enumerated() {
                let builds = (40 * index + 1)...(40 * index + 40)
                try await self.load(builds, stage)
                try await victim.kill9()
                try await self.awaitAll(builds, stage, worker, asking: cluster.nodes[(index + 1) % 3])
                try await victim.restart()
                try await cluster.awaitAll()
            }
            try await eventually("the worker is ready") { try await worker.health().status == 200 }
            let hosts = Set(
                try worker.log().filter { $0["message"]?.string?.hasPrefix("rabbitmq server connected") == true }
                    .compactMap { $0["host"]?.string })
            #expect(hosts.count >= 2, "it moved from one node to another: \(hosts)")
            try await worker.terminate()
            try await cluster.stop()
        }

        /// The node that the worker talks to is cut off from the others, which go on, and comes back. The same holds for a frozen
        /// node, except that RabbitMQ itself may leave it apart when it thaws (`Config/rabbitmq`).
        @Test func aNodeThatIsCutOffAndComesBack() async throws {
            let cluster = try await BrokerCluster.start()
            let stage = try await Stage.set(broker: cluster.nodes[1], initTimeout: .seconds(300))
            defer { stage.clear() }
            // The worker begins with the first node; the test asks the second, which stays.
            let hosts = ["RABBITMQ_HOST": cluster.nodes[0].hosts.joined(separator: ",")]
            let worker = try stage.startWorker(["run"], Self.quick.merging(hosts) { $1 })
            try await worker.waitUntilConsuming()
            try await self.load(1...40, stage)
            try await cluster.nodes[0].isolate()
            try await self.awaitAll(1...40, stage, worker, asking: cluster.nodes[1])
            try await eventually("the others have given it up", within: .seconds(60)) {
                try await cluster.nodes[1].ctl("eval", "length(rabbit_nodes:all_running()).").contains("2")
            }
            try await cluster.nodes[0].rejoin()
            try await cluster.awaitAll()
            try await self.load(41...80, stage)
            try await self.awaitAll(41...80, stage, worker, asking: cluster.nodes[1])
            #expect(try await stage.simulator.state().podsCreated == 80)
            try await worker.terminate()
            try await cluster.stop()
        }
    }
}
