import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

/// A simulated and a real cluster with a namespace of the same name, and the worker's rights in both.
struct ComparedClusters: Sendable {
    let namespace: String
    let simulated: Simulator
    /// Plays kubelet and scheduler for the real one; requests go past it.
    private let kubelet: Simulator
    private let cluster: RealCluster
    private let token: String
    private static let transport = HTTPTransport()

    static func set(rules: JSONValue? = nil) async throws -> ComparedClusters {
        let cluster = try RealCluster.required()
        let namespace = try await cluster.makeNamespace(rules: rules)
        let token = try await cluster.workerToken()
        return ComparedClusters(
            namespace: namespace, simulated: try await Simulator.start("--namespace", namespace, "--token", token),
            kubelet: try await Simulator.start(before: cluster, namespace: namespace), cluster: cluster, token: token)
    }

    func clear() {
        self.simulated.stop()
        self.kubelet.stop()
    }

    /// Makes the request of both and compares what they answer.
    func compare(_ ask: Ask) async throws {
        var differences: [String] = []
        func agree() async throws -> Bool {
            let simulated = try await self.answer(
                to: ask, of: self.simulated.kubernetes, by: Self.transport, administrator: self.token)
            // As the worker would: over TLS and HTTP/2, with the cluster's authority alone.
            let real = try await self.answer(
                to: ask, of: self.cluster.server, by: self.cluster.secure, administrator: self.cluster.adminToken)
            differences = simulated.differences(from: real).filter { ask.isWorded || !$0.contains(" message: ") }
            return differences.isEmpty
        }
        if ask.isEventual {
            do { try await eventually("both agree", within: .seconds(10), agree) } catch is NotInTime {}
        } else {
            _ = try await agree()
        }
        #expect(differences.isEmpty, "\(ask.method) \(ask.path)\n\(differences.joined(separator: "\n"))")
    }

    /// Compares all pages of a list; each cluster is asked to go on with what it said itself.
    func comparePages(_ query: String) async throws {
        var next: (simulated: String, real: String)? = ("", "")
        while let tokens = next {
            let simulated = try await self.answer(
                to: .list("\(query)&continue=\(tokens.simulated)"), of: self.simulated.kubernetes, by: Self.transport,
                administrator: self.token)
            let real = try await self.answer(
                to: .list("\(query)&continue=\(tokens.real)"), of: self.cluster.server, by: self.cluster.secure,
                administrator: self.cluster.adminToken)
            #expect(simulated.differences(from: real).isEmpty, "\(query)")
            next =
                if let first = simulated.continuation, let second = real.continuation { (first, second) } else { nil }
        }
    }

    private func answer(to ask: Ask, of server: String, by transport: HTTPTransport, administrator: String) async throws
        -> ClusterAnswer
    {
        let token =
            switch ask.asker {
            case .worker: self.token
            case .administrator: administrator
            case .unknown: "nobody-made-this"
            }
        let url = "\(server)/api/v1/namespaces/\(ask.namespace ?? self.namespace)\(ask.path)"
        let request = HTTPRequest(method: ask.method, url: url, bearer: Secret(token), body: ask.body)
        let response = try await transport.send(request, deadline: .seconds(20))
        return try ClusterAnswer(status: response.status, body: response.body)
    }
}
