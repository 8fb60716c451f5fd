import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration.OnARealCluster {
    /// The role that is shipped is enough, as every other test of this lane shows, and nothing in it is too much.
    @Suite struct RightsTests {
        struct Right: Sendable, Hashable, CustomTestStringConvertible {
            let verb: String
            let resource: String
            var testDescription: String { "\(self.verb) \(self.resource)" }
        }

        static let rights = [
            Right(verb: "create", resource: "pods"), Right(verb: "list", resource: "pods"),
            Right(verb: "delete", resource: "pods"), Right(verb: "get", resource: "pods/status"),
        ]

        /// The rules of the shipped role as rights.
        private func shipped() throws -> [Right] {
            let rules = try RealCluster.shipped("role")["rules"]?.array ?? []
            return rules.flatMap { rule in
                (rule["resources"]?.array ?? []).flatMap { resource in
                    (rule["verbs"]?.array ?? []).map { Right(verb: $0.string ?? "", resource: resource.string ?? "") }
                }
            }
        }

        @Test func theRoleGrantsTheseAndNoOther() throws { #expect(try Set(self.shipped()) == Set(Self.rights)) }

        @Test(arguments: Self.rights)
        func withoutOneTheWorkerSaysWhichItLacks(right: Right) async throws {
            let rules = try self.shipped().filter { $0 != right }.map { right -> JSONValue in
                ["apiGroups": [""], "resources": [.string(right.resource)], "verbs": [.string(right.verb)]]
            }
            let stage = try await Stage.set(rules: .array(rules))
            defer { stage.clear() }
            // A look at a new pod has to be asked for.
            let worker = try stage.startWorker(["run"], Stage.looking(["RABBITMQ_MSG_REPROCESS_LIMIT": "0"]))
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await stage.publish(stage.stop(2))
            let words = "cannot \(right.verb) resource \"\(right.resource)\""
            try await eventually("the log says what the worker may not") {
                try worker.log().contains {
                    ["error", "warning"].contains($0["level"]?.string) && $0["error"]?.string?.contains(words) == true
                }
            }
            try await eventually("and neither build hangs") { try stage.isSettled() && stage.depth(\.initTimers) == 0 }
            if right.verb == "create" {
                try await eventually("the build's owner reads it too") {
                    try await stage.simulator.state().message(1).contains(words)
                }
            }
            try await worker.terminate()
        }

        /// It has a right to delete what a label selects, and none to delete by name.
        @Test func aRoleMadeForTheOriginalIsEnough() async throws {
            let verbs: JSONValue = ["create", "list", "deletecollection"]
            let stage = try await Stage.set(rules: [
                ["apiGroups": [""], "resources": ["pods"], "verbs": verbs],
                ["apiGroups": [""], "resources": ["pods/status"], "verbs": ["get"]],
            ])
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("it runs") { try await stage.simulator.state().hostname(1) != nil }
            try await stage.publish(stage.stop(1))
            try await eventually("its pod is gone") { try await stage.simulator.state().alivePods(1).isEmpty }
            #expect(try worker.hasLogged(event: "pods_deleted_by_label"))
            #expect(try await worker.health().status == 200)
            try await worker.terminate()
        }

        @Test func aRoleThatComesLaterIsEnough() async throws {
            let stage = try await Stage.set(rules: [])
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the worker is not ready") {
                let health = try await worker.health()
                return health.status == 503 && health.text.contains("cannot create resource")
            }
            try await RealCluster.required().grantWorker(in: stage.namespace)
            try await eventually("the build is started") { try await stage.simulator.state().hostname(1) != nil }
            try await eventually("the worker is ready") { try await worker.health().status == 200 }
            try await worker.terminate()
        }
    }
}
