internal import ChaosModel
internal import Foundation
internal import TestSupport

/// The broker, and what it says about its queues and deliveries.
actor BrokerUnderTest {
    nonisolated let node: Broker
    /// Counted by nodes that were killed since.
    private var redeliveredBefore = 0

    init(_ node: Broker) { self.node = node }

    func kill() async throws {
        self.redeliveredBefore += try await self.redeliveredByNode()
        try await self.node.kill9()
    }

    /// Messages handed out again, over all nodes of the run.
    func redelivered() async throws -> Int { self.redeliveredBefore + (try await self.redeliveredByNode()) }

    private func redeliveredByNode() async throws -> Int {
        let counters = try await self.node.ctl("eval", "rabbit_global_counters:overview().")
        return counters.matches(of: /messages_redelivered_total\s*=>\s*([0-9]+)/).reduce(0) {
            $0 + (Int($1.output.1) ?? 0)
        }
    }

    nonisolated func queues() async throws -> [QueueRecord.Queue] {
        let output = try await self.node.ctl(
            "list_queues", "--quiet", "--no-table-headers", "name", "messages_ready", "messages_unacknowledged")
        return try output.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t")
            guard fields.count == 3, let ready = Int(fields[1]), let unacked = Int(fields[2]) else {
                throw NotInTime(description: "rabbitmqctl list_queues printed: \(line)")
            }
            return QueueRecord.Queue(name: String(fields[0]), ready: ready, unacked: unacked)
        }
    }
}
