import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration.OnARealCluster {
    /// Every pod that the worker is known to make is one that an API server takes.
    @Suite struct AcceptedPodsTests {
        /// A start message, the environment of the worker that reads it, and the pod that the original makes of it.
        struct Recorded: Sendable, CustomTestStringConvertible {
            let name: String
            let environment: [String: String]
            let message: JSONValue
            var testDescription: String { self.name }

            static func all() throws -> [Recorded] {
                let folder = Surroundings.sourceRoot.appendingPathComponent("Tests/BuildWorkerTests/Fixtures/pods")
                return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                    .filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
                    .map { file in
                        let document = try JSONValue(parsing: [UInt8](try Data(contentsOf: file)))
                        let environment = try #require(document["environment"]?.members).map {
                            ($0.name, $0.value.string ?? "")
                        }
                        return Recorded(
                            name: file.deletingPathExtension().lastPathComponent,
                            environment: Dictionary(uniqueKeysWithValues: environment),
                            message: try #require(document["message"]))
                    }
            }

            /// As the worker's own command prints it.
            func pod() async throws -> JSONValue {
                var environment = self.environment
                environment["BUILD_WORKER_CONFIG_DIR"] = Surroundings.sourceRoot.appendingPathComponent("Config").path
                let printed = try await WorkerProcess.run(
                    ["pod", "-"], environment: environment, input: Data(self.message.serialized()))
                guard printed.code == 0 else { throw NotInTime(description: "worker pod: \(printed.errors)") }
                return try JSONValue(parsing: printed.output)
            }
        }

        @Test func everyRecordedPodIsTakenAndKept() async throws {
            let cluster = try RealCluster.required()
            let namespace = try await cluster.makeNamespace()
            let token = try await cluster.workerToken()
            let pods = "/api/v1/namespaces/\(namespace)/pods"
            let recorded = try Recorded.all()
            #expect(recorded.count >= 89)
            for (number, record) in recorded.enumerated() {
                let pod = try await record.pod()
                if let runtime = pod[path: "spec", "runtimeClassName"]?.string {
                    try await self.define(runtime, in: cluster)
                }
                let tried = try await cluster.request("POST", "\(pods)?dryRun=All", pod, token: token)
                #expect(tried.status == 201, "\(record.name): \(tried.body.text())")
                // Builds of several records have one id.
                var renamed = pod
                renamed["metadata"]?["name"] = .string("recorded-\(number)")
                let made = try await cluster.request("POST", pods, renamed, token: token)
                #expect(made.status == 201, "\(record.name): \(made.body.text())")
                #expect(
                    self.missing(of: renamed, in: made.body, at: "") == [],
                    "\(record.name): the API server keeps every field")
            }
        }

        /// An API server takes only pods whose class there is, and learns of a new one a moment later.
        private func define(_ runtime: String, in cluster: RealCluster) async throws {
            let runtimeClass: JSONValue = [
                "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": ["name": .string(runtime)],
                "handler": "runc",
            ]
            try await cluster.must("POST", "/apis/node.k8s.io/v1/runtimeclasses", runtimeClass, 201, 409)
            var probe = Ask.pod("runtime")
            probe["spec"]?["runtimeClassName"] = .string(runtime)
            try await eventually("pods may be of class \(runtime)") {
                try await cluster.request("POST", "/api/v1/namespaces/default/pods?dryRun=All", probe).status == 201
            }
        }

        /// What was sent and did not come back: fields that the API server does not know are dropped in silence.
        private func missing(of sent: JSONValue, in kept: JSONValue?, at path: String) -> [String] {
            switch (sent, kept) {
            case (.object(let members), _):
                return members.flatMap { self.missing(of: $0.value, in: kept?[$0.name], at: "\(path).\($0.name)") }
            case (.array(let elements), .array(let others)?) where elements.count <= others.count:
                return zip(elements, others).enumerated().flatMap {
                    self.missing(of: $1.0, in: $1.1, at: "\(path)[\($0)]")
                }
            // Nothing, false and the empty text are as good as absent; quantities come back in their shortest form.
            case (.null, _), (false, nil), ("", nil), (.array([]), nil): return []
            case _ where path.contains(".resources."): return kept == nil ? [path] : []
            default: return sent == kept ? [] : ["\(path): \(sent.text()) became \(kept?.text() ?? "nothing")"]
            }
        }
    }
}
