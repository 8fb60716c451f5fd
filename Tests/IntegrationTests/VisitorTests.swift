import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// What a hostile visitor of the worker's two ports can do: not much.
    @Suite(.simulatedClusterOnly("the HTTP servers for operators")) struct VisitorTests {
        private static let request = "GET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n"
        private static let fine: OperatorServer.Routes = ["/fine": { .text("ok") }]

        enum Server: CaseIterable { case probes, pages }

        private func port(of server: Server, _ worker: WorkerProcess) async throws -> Int {
            server == .probes ? try await worker.healthPort() : try await worker.statusPort()
        }

        /// The most memory that a process ever had, in MB.
        private func peakMemory(_ worker: WorkerProcess) throws -> Int {
            let status = try String(contentsOfFile: "/proc/\(worker.child.pid)/status", encoding: .utf8)
            let kilobytes = try #require(status.firstMatch(of: /VmHWM:\s*(\d+) kB/)?.output.1)
            return try #require(Int(kilobytes)) / 1000
        }

        /// Of answers.
        private static func count(_ text: String) -> Int { text.components(separatedBy: "HTTP/1.1 ").count - 1 }

        @Test(arguments: [(Server.probes, "/"), (.probes, "/metrics"), (.pages, "/"), (.pages, "/status")])
        func requestsWhoseAnswersNobodyReadsTakeNoMemory(server: Server, path: String) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let port = try await self.port(of: server, worker)
            _ = try await (worker.probe("/livez"), worker.get("/status"))
            let before = try self.peakMemory(worker)
            let connection = try RawConnection(port: port)
            let sending = Task {
                try await OwnThread.run {
                    connection.send(String(repeating: "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", count: 20_000))
                }
            }
            for _ in 1...5 { #expect(try await worker.probe("/livez").status == 200) }
            _ = try await sending.value
            let answers = try await OwnThread.run { connection.rest() }
            #expect(Self.count(answers) <= 1)
            #expect(try self.peakMemory(worker) - before < 20)
            try await worker.terminate()
        }

        @Test func halfRequestsLeaveTheWorkItsDescriptors() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            _ = OpenFiles()
            let worker = try stage.startWorker(openFiles: "-n 256")
            try await worker.waitUntilConsuming()
            #expect(try worker.hasLogged("only 256 files and connections may be open at a time"))
            let ports = try await (worker.healthPort(), worker.statusPort())
            try await eventually("it is ready") { try await worker.probe("/readyz").status == 200 }
            let begun = ContinuousClock.now
            let connections = try await OwnThread.run {
                try (0..<600).map { number in
                    let connection = try RawConnection(port: number.isMultiple(of: 2) ? ports.0 : ports.1)
                    connection.send("GET / HTTP/1.1\r\nHost: ")
                    return connection
                }
            }
            for path in ["/livez", "/readyz"] { #expect(try await worker.probe(path) == (200, "ok")) }
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("a build is started meanwhile") { try await stage.simulator.state().podsCreated == 1 }
            #expect(try await worker.metrics()["process_open_fds"] ?? 256 < 128)
            try await eventually("each is closed when its time is up", within: .seconds(20)) {
                connections.allSatisfy(\.isClosed)
            }
            #expect(ContinuousClock.now - begun < .seconds(15))
            #expect(try await worker.probe("/readyz") == (200, "ok"))
            #expect(try !worker.hasLogged(event: "outage_began"))
            try await worker.terminate()
        }

        @Test func theSoftLimitOfDescriptorsIsRaised() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker(openFiles: "-Sn 128")
            _ = try await worker.healthPort()
            let limits = try String(contentsOfFile: "/proc/\(worker.child.pid)/limits", encoding: .utf8)
            let (soft, hard) = try #require(
                limits.firstMatch(of: /Max open files\s+(\d+)\s+(\d+)/).map { (Int($0.output.1), Int($0.output.2)) })
            #expect(soft == min(hard ?? 0, 65_536))
            try await worker.terminate()
        }

        // MARK: One connection

        @Test(arguments: [
            (request + request, "HTTP/1.1 200 OK"),
            ("HEAD /fine HTTP/1.1\r\nHost: 10.1.2.3:8080\r\n\r\n", "HTTP/1.1 200 OK"),
            ("GET /fine HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK"),
            ("GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404"),
            ("POST /fine HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 405"),
            ("GET /fine HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 421"),
            ("GET /fine HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
            ("GET /fine HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400"),
            ("hello\r\n\r\n", "HTTP/1.1 400"),
            ("GET /fine HTTP/1.1\r\nX: " + String(repeating: "x", count: 20_000), "HTTP/1.1 400"),
            ("GET /" + String(repeating: "x", count: 20_000), "HTTP/1.1 400"),
        ])
        func aConnectionGetsOneAnswer(sent: String, status: String) async throws {
            let text = try await serving(Self.fine) { port in
                try await OwnThread.run {
                    let connection = try RawConnection(port: port)
                    connection.send(sent)
                    return connection.rest()
                }
            }
            #expect(text.hasPrefix(status), "\(text.prefix(200))")
            #expect(Self.count(text) == 1 && text.contains("Connection: close"))
        }

        @Test func whoTakesTooLongIsClosed() async throws {
            var limits = OperatorServer.Limits()
            (limits.headTimeout, limits.answerTimeout) = (.milliseconds(300), .milliseconds(200))
            // More than sockets' buffers take.
            let answer = Answer(contentType: "text/plain", body: [UInt8](repeating: 0x78, count: 30_000_000))
            try await serving(["/fine": { answer }], limits) { port in
                let deaf = try RawConnection(port: port)
                deaf.send(Self.request)
                try await eventually("it is answered") { deaf.isAnswered }
                let (silent, slow) = try (RawConnection(port: port), RawConnection(port: port))
                slow.send("GET /fine HTTP/1.1\r\nX: ")
                try await eventually("what comes byte by byte comes too late") {
                    slow.send("x")
                    return slow.isClosed
                }
                try await eventually("so does nothing") { silent.isClosed }
                let read = try await OwnThread.run { deaf.rest() }
                #expect(read.utf8.count < 30_000_000, "who does not read what it asked for is closed as well")
            }
        }

        @Test func whoeverComesIsLetInAndTheOldestGoes() async throws {
            try await serving(Self.fine, .init(connections: 3)) { port in
                let crowd = try (1...3).map { _ in try RawConnection(port: port) }
                for _ in 1...2 {
                    let text = try await OwnThread.run {
                        let probe = try RawConnection(port: port)
                        probe.send(Self.request)
                        return probe.rest()
                    }
                    #expect(text.hasPrefix("HTTP/1.1 200 OK"))
                }
                try await eventually("the oldest is closed", within: .seconds(3)) { crowd[0].isClosed }
                #expect(!crowd[2].isClosed)
            }
        }

        // MARK: Who may ask what

        @Test func eachPortTellsWhatItIsFor() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["STATUS_HOSTS": "builds.example.com", "HOSTNAME": "worker-0"])
            try await worker.waitUntilConsuming()
            for path in ["/health", "/readyz", "/livez", "/metrics"] {
                try await eventually(path) { try await worker.probe(path).status == 200 }
                #expect(try await worker.get(path).status == 200)
            }
            for path in ["/", "/status"] {
                let refused = try await worker.probe(path)
                #expect(
                    refused.status == 404 && refused.text.contains("there is only /health, /livez, /metrics, /readyz"))
                #expect(try await worker.get(path).status == 200)
            }
            #expect(try worker.hasLogged("Status page on http://127.0.0.1:"))
            for server in Server.allCases {
                let port = try await self.port(of: server, worker)
                for (host, status) in [
                    ("evil.example", 421), ("builds.example.com", 200), ("WORKER-0:80", 200), ("localhost:8081", 200),
                    ("[::1]:8081", 200),
                ] {
                    let text = try await OwnThread.run {
                        let connection = try RawConnection(port: port)
                        connection.send("GET /livez HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                        return connection.rest()
                    }
                    #expect(text.hasPrefix("HTTP/1.1 \(status)"), "\(host): \(text.prefix(200))")
                    #expect(status == 200 || text.contains("add the name to STATUS_HOSTS"))
                }
            }
            try await worker.terminate()
        }
    }
}
