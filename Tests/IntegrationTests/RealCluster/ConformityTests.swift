import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration.OnARealCluster {
    /// The simulator answers as the real API server does: both are asked the same, and status codes, reasons, messages and pods
    /// are compared. Where they differ, the simulator is wrong.
    @Suite struct ConformityTests {
        private func compare(rules: JSONValue? = nil, _ asks: Ask...) async throws {
            let clusters = try await ComparedClusters.set(rules: rules)
            defer { clusters.clear() }
            for ask in asks { try await clusters.compare(ask) }
        }

        @Test func aPodsLife() async throws {
            try await self.compare(
                .list("limit=1"), .list("labelSelector=sdbuild%3D1"), .create(Ask.pod("one")), .create(Ask.pod("one")),
                .read("one"),
                .create(Ask.pod("two", build: "2")), .read("two"), .list("labelSelector=sdbuild%3D1"),
                .list("labelSelector=sdbuild%3D3"), .list("limit=1"),
                .delete("labelSelector=sdbuild%3D3"), .delete("labelSelector=sdbuild%3D1"), .read("one"),
                .list("labelSelector=app%3Dscrewdriver"))
        }

        @Test func pages() async throws {
            let clusters = try await ComparedClusters.set()
            defer { clusters.clear() }
            for (build, pod) in zip(1..., ["one", "two", "three", "four", "five"]) {
                try await clusters.compare(.create(Ask.pod(pod, build: String(build), image: "fate/stuck-pending:1")))
                try await clusters.compare(.read(pod))
            }
            for query in [
                "limit=2", "limit=2&labelSelector=app%3Dscrewdriver", "limit=5", "limit=0",
                "limit=1&labelSelector=sdbuild%3D1&resourceVersion=0",
            ] {
                try await clusters.comparePages(query)
            }
            for query in [
                "continue=x", "continue=e30", "limit=many", "resourceVersion=new", "resourceVersion=99999999",
                "limit=1&continue=x&resourceVersion=1",
            ] {
                try await clusters.compare(.list(query).inAnyWords)
            }
        }

        /// `in` as the janitor asks with it, and what is no selector.
        @Test func sets() async throws {
            try await self.compare(
                .create(Ask.pod("one")), .list("labelSelector=app%20in%20(screwdriver,screwdriver-vm),sdbuild%3D1"),
                .list("labelSelector=app%20in%20(screwdriver-vm)"),
                .list("labelSelector=app%20in%20(%20screwdriver%20)"),
                .list("labelSelector=tier%20in%20(screwdriver,)"),
                .list("labelSelector=app%20in%20(screwdriver").inAnyWords,
                .list("labelSelector=app%20in%20screwdriver").inAnyWords,
                .list("labelSelector=app%20in%20((screwdriver))").inAnyWords,
                .list("labelSelector=%20in%20(screwdriver)").inAnyWords,
                .list("labelSelector=app%20in%20(screwdriver)x").inAnyWords)
        }

        @Test func whatIsNotThere() async throws {
            try await self.compare(
                .read("nothing"), .list("labelSelector=sdbuild%3D1"), .delete("labelSelector=sdbuild%3D1"),
                .list("labelSelector=%3D%3D").inAnyWords,
                .delete("labelSelector=a%20b").inAnyWords)
        }

        @Test func aNamespaceThatIsNotThere() async throws {
            // Where nobody can have a role, only who may do everything gets as far as this.
            let asks = [
                Ask.create(Ask.pod("one")), .create(Ask.pod("one"), query: "?dryRun=All"), .read("one"),
                .list("labelSelector=sdbuild%3D1"),
                .delete("labelSelector=sdbuild%3D1"),
            ]
            let clusters = try await ComparedClusters.set()
            defer { clusters.clear() }
            for ask in asks { try await clusters.compare(ask.in("nowhere").by(.administrator)) }
        }

        @Test func invalidPods() async throws {
            func changed(_ change: (inout JSONValue) -> Void) -> Ask {
                var pod = Ask.pod("one")
                change(&pod)
                return .create(pod)
            }
            try await self.compare(
                changed { $0["metadata"]?["name"] = "Build_1" },
                changed { $0["metadata"]?["name"] = nil },
                changed { $0["metadata"]?["labels"] = ["sdbuild": "a b"] },
                changed { $0["metadata"]?["labels"] = ["sdbuild": .string(String(repeating: "x", count: 64))] },
                changed { $0["spec"]?["containers"] = [] },
                changed { $0["spec"]?["containers"] = [["name": "build"]] },
                changed { $0["spec"]?["containers"] = [["image": "fate/running:1"]] },
                changed { $0["kind"] = "Deployment" }.inAnyWords,
                changed { $0["metadata"]?["namespace"] = "elsewhere" },
                changed { $0["metadata"]?["labels"] = ["sdbuild": 7] }.inAnyWords,
                .create(Ask.pod("Build_1"), query: "?dryRun=All"),
                Ask(method: "POST", path: "/pods", body: Array("{".utf8)).inAnyWords,
                Ask(method: "POST", path: "/pods", body: Array("[]".utf8)).inAnyWords)
        }

        @Test func aDryRunStoresNothing() async throws {
            try await self.compare(
                .create(Ask.pod("one"), query: "?dryRun=All"), .read("one"), .create(Ask.pod("one")),
                .create(Ask.pod("one"), query: "?dryRun=All"),
                .list("labelSelector=sdbuild%3D1"))
        }

        @Test func whoMayNot() async throws {
            try await self.compare(
                rules: [], .create(Ask.pod("one", image: "fate/forbidden:1")), .list("limit=1").by(.unknown),
                .read("one").by(.unknown),
                .create(Ask.pod("one")).by(.unknown), .delete("labelSelector=sdbuild%3D1").by(.unknown))
        }

        @Test func aQuotaThatIsUsedUp() async throws {
            let clusters = try await ComparedClusters.set()
            defer { clusters.clear() }
            try await RealCluster.required().setQuota(
                "compute", in: clusters.namespace, hard: ["limits.cpu": "12"], used: ["limits.cpu": "10"])
            var pod = Ask.pod("one", image: "fate/quota:1")
            pod["spec"]?["containers"] = [
                ["name": "build", "image": "fate/quota:1", "resources": ["limits": ["cpu": "6"]]]
            ]
            try await clusters.compare(.create(pod).eventually)
            // What is invalid is told before.
            pod["metadata"]?["labels"] = ["sdbuild": "a b"]
            try await clusters.compare(.create(pod))
        }

        /// The API server's priority and fairness turns requests away, and says so in plain text.
        @Test func anAPIServerThatIsTooBusy() async throws {
            let clusters = try await ComparedClusters.set()
            defer { clusters.clear() }
            let crowd = try await Crowd.gather(in: clusters.namespace)
            let fault = try await clusters.simulated.fault(["listener": "kubernetes", "action": ["status": 429]])
            for ask in [
                Ask.create(Ask.pod("one")), .read("one"), .list("labelSelector=sdbuild%3D1"),
                .delete("labelSelector=sdbuild%3D1").by(.worker),
            ] {
                try await clusters.compare(ask)
            }
            try await crowd.leave()
            try await clusters.simulated.removeFault(fault)
            try await clusters.compare(.create(Ask.pod("one")))
        }

        @Test(arguments: ["/pods?labelSelector=sdbuild%3D1", "/pods/one"])
        func aPodThatIsBeingDeleted(path: String) async throws {
            try await self.compare(
                .create(Ask.pod("one", image: "fate/slow-delete:1")), .read("one"),
                Ask(method: "DELETE", path: path).by(.administrator), .create(Ask.pod("one")), .read("one"),
                Ask(method: "DELETE", path: "/pods/two"))
        }

        /// What the simulator tells of pods can be told to, and is told by, a real API server.
        @Test(arguments: [
            "running", "succeeded", "stuck-pending", "stuck-initializing", "bad-image", "bad-launcher-image",
            "invalid-image", "crash", "config-error",
            "failed", "evicted", "unknown", "short",
        ])
        func fates(fate: String) async throws {
            var pod = Ask.pod("one", image: "fate/\(fate):1")
            pod["spec"]?["initContainers"] = [["name": "launcher", "image": "launcher:1"]]
            try await self.compare(.create(pod), .read("one"), .list("labelSelector=sdbuild%3D1"))
        }
    }
}
