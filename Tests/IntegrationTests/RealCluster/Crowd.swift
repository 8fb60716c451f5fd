import Foundation
import TestSupport

@testable import BuildWorker
@testable import Support

/// Requests of the worker's account that take all places the API server has for it in one namespace, and stay: whoever comes next is
/// answered with 429. (API Priority and Fairness.)
final class Crowd: Sendable {
    private static let configuration = "/apis/flowcontrol.apiserver.k8s.io/v1beta1"

    private let cluster: RealCluster
    private let namespace: String
    private let token: String
    private let members = Members()

    /// - Parameter namespace: one that ``RealCluster/makeNamespace(rules:)`` made.
    /// - Returns: when there is no room.
    static func gather(in namespace: String) async throws -> Crowd {
        let cluster = try RealCluster.required()
        let crowd = Crowd(cluster, namespace, token: try await cluster.workerToken())
        try await crowd.narrow()
        // The API server learns of its new configuration a moment later, and has some places for the smallest share.
        try await eventually("there is no room") {
            try crowd.join()
            return try await cluster.request("GET", "\(crowd.pods)?limit=1", token: crowd.token).status == 429
        }
        return crowd
    }

    private init(_ cluster: RealCluster, _ namespace: String, token: String) {
        (self.cluster, self.namespace, self.token) = (cluster, namespace, token)
    }

    /// Makes room.
    func leave() async throws {
        self.members.close()
        try await self.cluster.must("DELETE", "\(Self.configuration)/flowschemas/\(self.namespace)")
        try await self.cluster.must("DELETE", "\(Self.configuration)/prioritylevelconfigurations/\(self.namespace)")
        try await eventually("there is room") {
            try await self.cluster.request("GET", "\(self.pods)?limit=1", token: self.token).status == 200
        }
    }

    private var pods: String { "/api/v1/namespaces/\(self.namespace)/pods" }

    /// A priority level with the smallest share and no queue, for what the worker asks of this namespace.
    private func narrow() async throws {
        try await self.cluster.must(
            "POST", "\(Self.configuration)/prioritylevelconfigurations",
            [
                "apiVersion": "flowcontrol.apiserver.k8s.io/v1beta1", "kind": "PriorityLevelConfiguration",
                "metadata": ["name": .string(self.namespace)],
                "spec": [
                    "type": "Limited", "limited": ["assuredConcurrencyShares": 1, "limitResponse": ["type": "Reject"]],
                ],
            ])
        let account = try RealCluster.shipped("service-account")
        let subject: JSONValue = [
            "kind": "ServiceAccount",
            "serviceAccount": [
                "name": account[path: "metadata", "name"] ?? .null,
                "namespace": account[path: "metadata", "namespace"] ?? .null,
            ],
        ]
        try await self.cluster.must(
            "POST", "\(Self.configuration)/flowschemas",
            [
                "apiVersion": "flowcontrol.apiserver.k8s.io/v1beta1", "kind": "FlowSchema",
                "metadata": ["name": .string(self.namespace)],
                "spec": [
                    "priorityLevelConfiguration": ["name": .string(self.namespace)], "matchingPrecedence": 10,
                    "rules": [
                        [
                            "subjects": [subject],
                            "resourceRules": [
                                [
                                    "verbs": ["*"], "apiGroups": [""], "resources": ["*"],
                                    "namespaces": [.string(self.namespace)],
                                ]
                            ],
                        ]
                    ],
                ],
            ])
    }

    /// One more: a request keeps its place until its body has come, and this one's never does.
    private func join() throws {
        guard let port = self.cluster.plainServer.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw NotInTime(description: "\(self.cluster.plainServer) names no port")
        }
        let head =
            "POST \(self.pods) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(self.token)\r\n"
            + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        try self.members.add(port: port, sending: Array(head.utf8))
    }
}

/// Connections that are kept open.
private final class Members: Sendable {
    private let lock = NSLock()
    // Guarded by the lock.
    nonisolated(unsafe) private var descriptors: [Int32] = []

    deinit { for descriptor in self.descriptors { _ = Glibc.close(descriptor) } }

    func add(port: UInt16, sending bytes: [UInt8]) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        // A few hundred bytes fit the socket's buffer.
        guard isConnected, send(descriptor, bytes, bytes.count, 0) == bytes.count else {
            _ = Glibc.close(descriptor)
            throw NotInTime(description: "no connection to 127.0.0.1:\(port): \(errno)")
        }
        self.lock.withLock { self.descriptors.append(descriptor) }
    }

    func close() {
        self.lock.withLock {
            for descriptor in self.descriptors { _ = Glibc.close(descriptor) }
            self.descriptors = []
        }
    }
}
