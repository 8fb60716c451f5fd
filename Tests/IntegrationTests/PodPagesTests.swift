import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

extension Integration {
    /// Lists of the simulated Kubernetes API in pages, as those of a real one.
    @Suite(.simulatedClusterOnly("no worker runs")) struct PodPagesTests {
        private static let transport = HTTPTransport()

        private struct List {
            let status: Int
            let document: JSONValue
            var names: [String] {
                self.document["items"]?.array?.compactMap { $0[path: "metadata", "name"]?.string } ?? []
            }
            var next: String? { self.document[path: "metadata", "continue"]?.string }
            var remaining: Int? { self.document[path: "metadata", "remainingItemCount"]?.integer }
        }

        private func withPods(_ count: Int, _ body: (Simulator) async throws -> Void) async throws {
            let simulator = try await Simulator.start()
            defer { simulator.stop() }
            for number in 1...count { try await self.create(number, simulator) }
            try await body(simulator)
        }

        private func create(_ number: Int, _ simulator: Simulator) async throws {
            let pod: JSONValue = [
                "metadata": [
                    "name": .string("pod-\(number)"),
                    "labels": ["sdbuild": .string(String(number)), "app": "screwdriver"],
                ],
                "spec": ["containers": [["name": "build", "image": "fate/running:1"]]],
            ]
            let request = HTTPRequest(
                method: "POST", url: "\(simulator.kubernetes)/api/v1/namespaces/builds/pods", body: pod.serialized())
            #expect(try await Self.transport.send(request, deadline: .seconds(30)).status == 201)
        }

        private func list(_ simulator: Simulator, _ query: String) async throws -> List {
            let request = HTTPRequest(
                method: "GET", url: "\(simulator.kubernetes)/api/v1/namespaces/builds/pods?\(query)")
            let answer = try await Self.transport.send(request, deadline: .seconds(30))
            return List(status: answer.status, document: try JSONValue(parsing: answer.body))
        }

        @Test func pagesAreOneList() async throws {
            try await self.withPods(5) { simulator async throws in
                let first = try await self.list(simulator, "limit=2")
                #expect(first.names == ["pod-1", "pod-2"] && first.remaining == 3)
                // What happens meanwhile is not in the list: it is as it was.
                try await self.create(6, simulator)
                try await simulator.deletePod("pod-3")
                let second = try await self.list(simulator, "limit=2&continue=\(try #require(first.next))")
                #expect(second.names == ["pod-3", "pod-4"] && second.remaining == 1)
                let third = try await self.list(simulator, "limit=2&continue=\(try #require(second.next))")
                #expect(third.names == ["pod-5"] && third.next == nil && third.remaining == nil)
                #expect(
                    try await self.list(simulator, "limit=10").names == ["pod-1", "pod-2", "pod-4", "pod-5", "pod-6"])
            }
        }

        @Test func howManyAreLeftIsNotKnownWithASelector() async throws {
            try await self.withPods(3) { simulator async throws in
                let page = try await self.list(simulator, "limit=1&labelSelector=app%3Dscrewdriver")
                #expect(page.names == ["pod-1"] && page.next != nil && page.remaining == nil)
            }
        }

        @Test func aListFromTheCacheHasNeitherPagesNorOrder() async throws {
            try await self.withPods(3) { simulator async throws in
                let all = try await self.list(simulator, "limit=1&resourceVersion=0")
                #expect(all.names == ["pod-3", "pod-2", "pod-1"] && all.next == nil)
            }
        }

        @Test func anOldPageHasExpired() async throws {
            try await self.withPods(3) { simulator async throws in
                let first = try await self.list(simulator, "limit=1")
                try await self.create(4, simulator)
                try await simulator.compact()
                let late = try await self.list(simulator, "limit=1&continue=\(try #require(first.next))")
                #expect(late.status == 410 && late.document["reason"]?.string == "Expired")
                // Who can live with a list that is not of one moment goes on.
                let rest = try await self.list(simulator, "continue=\(try #require(late.next))")
                #expect(rest.names == ["pod-2", "pod-3", "pod-4"])
            }
        }

        @Test(arguments: ["continue=x", "continue=e30", "limit=many", "limit=1&continue=%00"])
        func whatCannotBeRead(query: String) async throws {
            try await self.withPods(1) { simulator async throws in
                #expect(try await self.list(simulator, query).status == 400)
            }
        }
    }
}
