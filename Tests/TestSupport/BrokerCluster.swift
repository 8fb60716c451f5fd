import Foundation

/// Three private RabbitMQ nodes that form a cluster, by `scripts/private-broker start-cluster`.
package struct BrokerCluster: Sendable {
    /// Each node stands for itself where it is killed or frozen, and for the cluster where a client connects: its own address
    /// comes first then.
    package let nodes: [Broker]
    private let directory: URL

    package static func start() async throws -> BrokerCluster {
        let directory = Surroundings.directory.appendingPathComponent(Surroundings.newName("broker"))
        let output = try await Broker.run(["start-cluster", directory.path])
        func value(_ name: String) throws -> String {
            guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix("\(name)=") }) else {
                throw NotInTime(description: "private-broker printed: \(output)")
            }
            return String(line.dropFirst(name.count + 1))
        }
        let hosts = try value("HOSTS").split(separator: ",").map { String($0) }
        guard let port = Int(try value("AMQP_PORT")) else {
            throw NotInTime(description: "private-broker printed: \(output)")
        }
        try BrokerGuard.shared.started(directory)
        let nodes = hosts.indices.map { index in
            Broker(
                directory: directory.appendingPathComponent(String(index + 1)),
                hosts: Array(hosts[index...] + hosts[..<index]), port: port)
        }
        return BrokerCluster(nodes: nodes, directory: directory)
    }

    /// Waits until every node sees every other.
    package func awaitAll() async throws {
        for node in self.nodes {
            try await eventually("\(node.directory.lastPathComponent) sees all nodes") {
                // A node that restarts itself after a partition is not there to be asked for a while.
                do {
                    return try await node.ctl("eval", "length(rabbit_nodes:all_running()).").contains(
                        "\(self.nodes.count)")
                } catch is NotInTime { return false }
            }
        }
    }

    package func stop() async throws { try await Broker.run(["stop", self.directory.path]) }
}
