internal import BuildWorker
package import Clients
package import Foundation
package import Support
import Yams

/// The private cluster of this run, by `scripts/private-cluster`. The script that runs the tests starts and stops it.
package struct RealCluster: Sendable {
    /// `https://127.0.0.1:…`, with a certificate of its own authority.
    package let server: String
    /// The same server without TLS.
    package let plainServer: String
    package let authorityFile: URL
    package let authorityKeyFile: URL
    package let kubeconfig: URL
    package let adminToken: String
    private static let transport = HTTPTransport()
    /// To ``server``: HTTP/2 over TLS, and whoever it is must have a certificate of ``authorityFile``'s.
    package let secure: HTTPTransport

    /// Where the worker's service account lives.
    package static let workersNamespace = "build-worker"
    private static let account = "build-worker"

    /// `nil`: the tests of this run use a simulated cluster.
    package static let current: RealCluster? = {
        guard let directory = ProcessInfo.processInfo.environment["BUILD_WORKER_CLUSTER"] else { return nil }
        do { return try RealCluster(directory: URL(fileURLWithPath: directory)) } catch {
            fatalError("no private cluster in \(directory): \(error)")
        }
    }()

    /// For tests that make sense with a real cluster only.
    package static func required() throws -> RealCluster {
        guard let current = Self.current else {
            throw NotInTime(description: "this test needs a cluster: scripts/test --real-cluster")
        }
        return current
    }

    private init(directory: URL) throws {
        let text = try String(contentsOf: directory.appendingPathComponent("env"), encoding: .utf8)
        let values = Dictionary(
            text.split(separator: "\n").compactMap { line in
                line.firstIndex(of: "=").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
            }, uniquingKeysWith: { $1 })
        func value(_ name: String) throws -> String {
            guard let value = values[name] else { throw NotInTime(description: "its env names no \(name)") }
            return value
        }
        self.server = try value("API_SERVER")
        self.plainServer = try value("PLAIN_SERVER")
        self.authorityFile = URL(fileURLWithPath: try value("CA_FILE"))
        self.authorityKeyFile = URL(fileURLWithPath: try value("CA_KEY_FILE"))
        self.kubeconfig = URL(fileURLWithPath: try value("KUBECONFIG"))
        self.adminToken = try value("ADMIN_TOKEN")
        var options = KubernetesOptions()
        (options.host, options.caFile) = (self.server, self.authorityFile.path)
        self.secure = HTTPTransport(HTTPOptions("kubernetes", options) { _ in })
    }

    // MARK: Requests

    /// - Parameter token: by default the administrator's.
    package func request(
        _ method: String, _ path: String, _ body: JSONValue? = nil, token: String? = nil
    ) async throws -> (status: Int, body: JSONValue) {
        let request = HTTPRequest(
            method: method, url: "\(self.plainServer)\(path)", bearer: Secret(token ?? self.adminToken),
            body: body?.serialized())
        let response = try await Self.transport.send(request, deadline: .seconds(20))
        do throws(JSONError) {
            return (response.status, try JSONValue(parsing: response.body))
        } catch {
            // A path that is not served is answered in plain text.
            return (response.status, .string(String(decoding: response.body, as: UTF8.self)))
        }
    }

    /// As administrator; any other answer than one of these is an error.
    @discardableResult
    package func must(_ method: String, _ path: String, _ body: JSONValue? = nil, _ expected: Int...) async throws
        -> JSONValue
    {
        let answer = try await self.request(method, path, body)
        guard (expected.isEmpty ? [200, 201] : expected).contains(answer.status) else {
            throw NotInTime(description: "\(method) \(path): \(answer.status) \(answer.body.text())")
        }
        return answer.body
    }

    // MARK: What the worker finds

    /// A new namespace for builds, in which the worker's service account may do what `Config/kubernetes` grants it.
    ///
    /// - Parameter rules: of its role; by default those that are shipped. Empty: it has no role.
    package func makeNamespace(rules: JSONValue? = nil) async throws -> String {
        let namespace = Surroundings.newName("builds")
        try await self.must("POST", "/api/v1/namespaces", Self.named(namespace))
        try await self.must("POST", "/api/v1/namespaces", Self.named(Self.workersNamespace), 201, 409)
        try await self.must(
            "POST", "/api/v1/namespaces/\(Self.workersNamespace)/serviceaccounts", try Self.shipped("service-account"),
            201, 409)
        try await self.grantWorker(rules, in: namespace)
        return namespace
    }

    /// Binds the worker's service account to a role with these rules, or those that are shipped, and waits until they hold.
    package func grantWorker(_ rules: JSONValue? = nil, in namespace: String) async throws {
        var role = try Self.shipped("role", in: namespace)
        if let rules { role["rules"] = rules }
        guard let granted = role["rules"]?.array, !granted.isEmpty else { return }
        let rights = "/apis/rbac.authorization.k8s.io/v1/namespaces/\(namespace)"
        try await self.must("POST", "\(rights)/roles", role)
        try await self.must("POST", "\(rights)/rolebindings", try Self.shipped("role-binding", in: namespace))
        try await self.await(granted, in: namespace)
    }

    /// The API server learns of a new binding by a watch of its own: what is granted holds a moment later.
    private func await(_ rules: [JSONValue], in namespace: String) async throws {
        let token = try await self.workerToken()
        for rule in rules {
            for resource in rule["resources"]?.array ?? [] {
                for verb in rule["verbs"]?.array ?? [] {
                    let parts = (resource.string ?? "").split(separator: "/").map { JSONValue.string(String($0)) }
                    let wish: JSONValue = [
                        "verb": verb, "resource": parts.first ?? "", "subresource": parts.count > 1 ? parts[1] : "",
                        "namespace": .string(namespace),
                    ]
                    try await eventually("the worker may \(verb.text()) \(resource.text())") {
                        let review: JSONValue = [
                            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                            "spec": ["resourceAttributes": wish],
                        ]
                        let answer = try await self.request(
                            "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, token: token)
                        return answer.body[path: "status", "allowed"]?.bool == true
                    }
                }
            }
        }
    }

    /// A signed token of the worker's service account, as the kubelet mounts it.
    package func workerToken(seconds: Int = 7200) async throws -> String {
        let accounts = "/api/v1/namespaces/\(Self.workersNamespace)/serviceaccounts"
        let wish: JSONValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": ["expirationSeconds": .number(String(seconds))],
        ]
        let answer = try await self.must("POST", "\(accounts)/\(Self.account)/token", wish)
        guard let token = answer[path: "status", "token"]?.string else {
            throw NotInTime(description: "no token: \(answer.text())")
        }
        return token
    }

    /// Limits what a namespace may use. What is used is usually counted by a controller.
    package func setQuota(_ name: String, in namespace: String, hard: JSONValue, used: JSONValue) async throws {
        let quotas = "/api/v1/namespaces/\(namespace)/resourcequotas"
        var quota = try await self.must(
            "POST", quotas,
            ["apiVersion": "v1", "kind": "ResourceQuota", "metadata": ["name": .string(name)], "spec": ["hard": hard]])
        quota["status"] = ["hard": hard, "used": used]
        try await self.must("PUT", "\(quotas)/\(name)/status", quota)
    }

    private static func named(_ name: String) -> JSONValue {
        ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
    }

    /// An object of `Config/kubernetes/base`.
    package static func shipped(_ name: String, in namespace: String? = nil) throws -> JSONValue {
        let file = Surroundings.sourceRoot.appendingPathComponent("Config/kubernetes/base/\(name).yaml")
        guard let object = try Yams.load(yaml: try String(contentsOf: file, encoding: .utf8)) else {
            throw NotInTime(description: "\(file.path) is empty")
        }
        var document = try JSONValue(parsing: [UInt8](try JSONSerialization.data(withJSONObject: object)))
        if let namespace, var metadata = document["metadata"] {
            metadata["namespace"] = .string(namespace)
            document["metadata"] = metadata
        }
        return document
    }
}
