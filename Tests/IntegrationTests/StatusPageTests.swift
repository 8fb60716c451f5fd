import Foundation
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// The status page in a real browser: headless Chromium.
    @Suite(.simulatedClusterOnly("the page and the status document")) struct StatusPageTests {
        static func recorded() throws -> JSONValue {
            try JSONValue(
                parsing: Data(
                    contentsOf: Surroundings.sourceRoot.appendingPathComponent(
                        "Tests/BuildWorkerTests/Fixtures/status.json")))
        }

        /// The page and one document after another; the last one stays.
        private static func routes(_ answers: [Answer], asked: @escaping @Sendable (Int) -> Void = { _ in })
            -> OperatorServer.Routes
        {
            let count = Mutex(0)
            return [
                "/": { StatusPage.answer },
                "/status": {
                    let number = count.withLock { count in
                        count += 1
                        return count
                    }
                    asked(number)
                    return answers[min(number, answers.count) - 1]
                },
            ]
        }

        @Test func itShowsWhatTheWorkerSaysAndRefreshes() async throws {
            let first = try Self.recorded()
            var second = first
            second["inFlight"] = .array(Array((first["inFlight"]?.array ?? []).dropFirst()))
            second["unacked"] = 7
            let asked = Mutex(0)
            let page = try await serving(
                Self.routes([.json(first), .json(second)]) { number in asked.withLock { $0 = number } }
            ) { port in
                try await Browser.open("http://127.0.0.1:\(port)/", time: .seconds(5))
            }
            #expect(
                page.console == [], "no error, and nothing that the policy refuses, as a request to elsewhere would be")
            #expect(asked.withLock { $0 } >= 2, "every two seconds")
            #expect(page.text("verdict") == "Not ready")
            #expect(page.text("problems-title") == "One problem")
            #expect(page.dom.contains("the Kubernetes API unavailable; consumption paused"))
            #expect(page.rows("inFlight") == 7, "the second document has replaced the first")
            #expect(!page.dom.contains("report the failure"), "the row that it lacks is gone")
            #expect(page.rows("waiting") == 10, "the first of 34")
            #expect(page.dom.contains("Show all 34"))
            #expect(
                page.rows("queues") == 6 && page.rows("services") == 4 && page.rows("spool") == 4
                    && page.rows("reports") == 3)
            #expect(page.dom.contains("worker reports show 9f20c1aa07d3"))
            #expect(
                page.dom.matches(of: /<path class="(?:line|bars|area) series-\d" d="M[^"]{40,}"/).count >= 5,
                "the charts have lines")

            // Values are text: neither a script nor an image came of them.
            #expect(page.dom.contains("&lt;script&gt;document.title='pwned'&lt;/script&gt;"))
            #expect(page.dom.contains("&lt;img src=x onerror=alert(1)&gt;"))
            #expect(page.dom.matches(of: /<script/).count == 1 && !page.dom.contains("<img"))
            #expect(page.dom.contains("<title>Not ready · worker-7d9f8c-x2x4q · build-worker</title>"))
        }

        @Test func itFindsABuildAndSaysWhenTheWorkerIsGone() async throws {
            let page = try await serving(Self.routes([.json(try Self.recorded()), .text("gone", isOK: false)])) {
                port in
                try await Browser.open("http://127.0.0.1:\(port)/?build=8609214", time: .seconds(7))
            }
            #expect(page.rows("inFlight") == 1 && page.rows("waiting") == 0)
            #expect(page.text("found") == "1 in flight and 0 waiting match 8609214")
            #expect(page.text("verdict") == "Unreachable")
            #expect(page.text("unreachable-why") == "The worker cannot be reached: it answered 503")
            #expect(try #require(page.text("unreachable-age")).contains(/from [1-9] s ago/))
            #expect(page.dom.contains(/<body class="stale"/))
        }

        @Test func aRealWorkersPageAndStatusSayItIsReady() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(8123, image: "fate/running:1"))
            try await eventually("its timer runs") { try await worker.status()["waiting"]?.array?.count == 1 }
            let address = "http://127.0.0.1:\(try await worker.statusPort())"

            let status = try await WorkerProcess.run(["status", "--url", address, "--json"], environment: [:])
            #expect(status.code == 0, "\(status.errors)")
            let document = try JSONValue(parsing: status.output)
            let known = Set(try #require(try Self.recorded().members).map(\.name))
            for member in try #require(document.members) {
                #expect(known.contains(member.name), "\(member.name) is not in the recorded document")
            }

            let page = try await Browser.open(address, time: .seconds(3))
            #expect(page.console == [])
            #expect(page.text("verdict") == "Ready")
            #expect(page.dom.contains(">8123<"), "the build that waits for its timer")
            #expect(page.rows("waiting") == 1)
            try await worker.terminate()
        }
    }
}
