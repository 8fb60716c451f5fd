import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

extension Integration.OnARealCluster {
    /// Streaming, against what it is for: `?watch=true` of a real API server, over TLS and HTTP/2 and with its own authority alone.
    @Suite(.timeLimit(.minutes(5))) struct WatchTests {
        private let cluster: RealCluster
        private let namespace: String

        init() async throws {
            self.cluster = try RealCluster.required()
            self.namespace = try await self.cluster.makeNamespace()
        }

        private var pods: String { "/api/v1/namespaces/\(self.namespace)/pods" }

        private func watch(_ transport: HTTPTransport, at server: String, idleLimit: Duration? = nil) async throws
            -> HTTPStream
        {
            let request = HTTPRequest(
                method: "GET", url: "\(server)\(self.pods)?watch=true", bearer: Secret(self.cluster.adminToken))
            let (response, body) = try await transport.stream(request, deadline: .seconds(20), idleLimit: idleLimit)
            try #require(response.status == 200)
            return body
        }

        private func makePod(_ name: String) async throws {
            try await self.cluster.must("POST", self.pods, Ask.pod(name))
        }

        private func options(_ server: String) -> HTTPOptions {
            var options = KubernetesOptions()
            (options.host, options.caFile) = (server, self.cluster.authorityFile.path)
            return HTTPOptions("kubernetes", options) { _ in }
        }

        @Test func manyRequestsShareOneConnectionBesideAWatch() async throws {
            let transport = HTTPTransport(self.options(self.cluster.server))
            let body = try await self.watch(transport, at: self.cluster.server)
            let url = "\(self.cluster.server)\(self.pods)?limit=1"
            let token = self.cluster.adminToken
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...40 {
                    group.addTask {
                        try await transport.send(
                            HTTPRequest(method: "GET", url: url, bearer: Secret(token)), deadline: .seconds(20)
                        ).status
                    }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(statuses == [200])
            // What asks the same server with the same trust shares its connection, another test's too.
            #expect(
                (1...2).contains(transport.connections.opened),
                "HTTP/2 for the requests; a watch has one of its own, so that a slow reader of it holds nobody up")
            // What comes is whole lines of JSON, in whatever pieces.
            for number in 1...20 { try await self.makePod("pod-\(number)") }
            var text: [UInt8] = []
            for try await piece in body {
                text += piece
                if text.count(where: { $0 == UInt8(ascii: "\n") }) >= 20 { break }
            }
            let events = try text.split(separator: UInt8(ascii: "\n")).prefix(20).map { try JSONValue(parsing: $0) }
            #expect(events.map { $0[path: "object", "metadata", "name"]?.string } == (1...20).map { "pod-\($0)" })
        }

        /// Longer than any deadline, and than the time after which libcurl would not use an idle connection again is no matter: it is in use.
        @Test func silenceIsNotDeath() async throws {
            let transport = HTTPTransport(self.options(self.cluster.server))
            let body = try await self.watch(transport, at: self.cluster.server)
            let begin = ContinuousClock.now
            try await Task.sleep(for: .seconds(70))
            try await self.makePod("late")
            for try await piece in body {
                #expect(String(decoding: piece, as: UTF8.self).contains("late"))
                break
            }
            #expect(ContinuousClock.now - begin >= .seconds(70))
        }

        /// A front that is stopped keeps its connections and says nothing: whoever wants to know in time sets a limit.
        @Test func aServerThatGoesAwayWithoutAWordIsMissed() async throws {
            let front = try await TLSFront.start(.init(), before: self.cluster)
            defer { front.stop() }
            let server = "https://localhost:\(front.port)"
            let transport = HTTPTransport(self.options(server))
            let body = try await self.watch(transport, at: server, idleLimit: .seconds(3))
            try await self.makePod("seen")
            let iterator = body.makeAsyncIterator()
            #expect(try await iterator.next() != nil)
            front.pause()
            let begin = ContinuousClock.now
            let error = await #expect(throws: HTTPError.self) { while try await iterator.next() != nil {} }
            #expect(error?.code == .timedOut)
            #expect(ContinuousClock.now - begin < .seconds(8))
        }

        /// What nobody reads of a watch holds up no request beside it, and is all there in the end.
        @Test func aWatchThatNobodyReadsHoldsNobodyUp() async throws {
            let transport = HTTPTransport(self.options(self.cluster.server))
            let body = try await self.watch(transport, at: self.cluster.server)
            let filler = String(repeating: "x", count: 100_000)
            for number in 1...30 {
                var pod = Ask.pod("pod-\(number)")
                pod["metadata"] = ["name": .string("pod-\(number)"), "annotations": ["filler": .string(filler)]]
                try await self.cluster.must("POST", self.pods, pod)
            }
            let request = HTTPRequest(
                method: "GET", url: "\(self.cluster.server)\(self.pods)?limit=1",
                bearer: Secret(self.cluster.adminToken))
            for _ in 1...20 { #expect(try await transport.send(request, deadline: .seconds(5)).status == 200) }
            var text: [UInt8] = []
            for try await piece in body {
                text += piece
                if text.count(where: { $0 == UInt8(ascii: "\n") }) >= 30 { break }
            }
            #expect(text.count > 30 * filler.utf8.count)
        }

        @Test func aCancelEndsItAtOnce() async throws {
            let transport = HTTPTransport(self.options(self.cluster.server))
            let body = try await self.watch(transport, at: self.cluster.server)
            let reading = Task { for try await _ in body {} }
            let begin = ContinuousClock.now
            reading.cancel()
            let error = await #expect(throws: HTTPError.self) { try await reading.value }
            #expect(error?.code == .cancelled)
            #expect(ContinuousClock.now - begin < .seconds(5))
            try await eventually("its connection is gone") { transport.connections.open == 0 }
        }
    }
}
