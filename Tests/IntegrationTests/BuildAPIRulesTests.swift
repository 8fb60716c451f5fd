import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

extension Integration {
    /// The simulated build API against what the real one answers.
    @Suite(.simulatedClusterOnly("no worker runs")) struct BuildAPIRulesTests {
        private static let file = Surroundings.sourceRoot.appendingPathComponent(
            "Tests/BuildWorkerTests/Fixtures/build-api-cases.json")
        private static let transport = HTTPTransport()

        private func withSimulator(_ body: (Simulator) async throws -> Void) async throws {
            let simulator = try await Simulator.start()
            defer { simulator.stop() }
            try await body(simulator)
        }

        private func ask(
            _ simulator: Simulator, _ method: String, _ path: String, token: String?, _ body: JSONValue? = nil
        ) async throws -> HTTPResponse {
            try await Self.transport.send(
                HTTPRequest(
                    method: method, url: "\(simulator.api)\(path)", bearer: token.map { Secret($0) },
                    body: body?.serialized()), deadline: .seconds(30))
        }

        private func token(_ scope: String = "temporal", _ build: Int = 4711) -> String {
            BuildToken.make(build, scope: scope, secret: "signature")
        }

        private func update(_ simulator: Simulator, _ body: JSONValue, scope: String = "temporal") async throws -> Int {
            try await self.ask(simulator, "PUT", "/v4/builds/4711", token: self.token(scope), body).status
        }

        private func steps(_ simulator: Simulator, _ query: String = "") async throws -> [String] {
            let answer = try await self.ask(simulator, "GET", "/v4/builds/4711/steps\(query)", token: self.token())
            return try JSONValue(parsing: answer.body).array?.compactMap { $0["name"]?.string } ?? []
        }

        @Test func everyRowHolds() async throws {
            let rows = try #require(try JSONValue(parsing: Array(try Data(contentsOf: Self.file)))["rows"]?.array)
            #expect(rows.count == 41)
            try await self.withSimulator { simulator async throws in
                for row in rows { try await self.holds(row, simulator) }
            }
        }

        private func holds(_ row: JSONValue, _ simulator: Simulator) async throws {
            let name: Comment = "\(row["why"]?.string ?? ""): \(row["build"]?.string ?? "no build")"
            try await simulator.reset()
            if let status = row["build"]?.string {
                try await simulator.haveBuild(4711, status: status)
            } else {
                try await simulator.forgetBuild(4711)
            }
            let (request, expected) = try (#require(row["request"]), #require(row["expect"]))
            let scope = request["scope"]?.string
            let token = try scope.map { scope in
                let build = try #require(request["username"]?.integer)
                return scope == "expired"
                    ? BuildToken.make(build, validFor: -1, secret: "signature") : self.token(scope, build)
            }
            let (method, path) = try (#require(request["method"]?.string), #require(request["path"]?.string))
            let answer = try await self.ask(simulator, method, path, token: token, request["body"])
            let document = try JSONValue(parsing: answer.body)
            #expect(answer.status == expected["status"]?.integer, name)
            if let message = expected["message"] { #expect(document["message"] == message, name) }
            if let status = expected[path: "build", "status"] { #expect(document["status"] == status, name) }
            for member in expected["has"]?.array ?? [] { #expect(document[member.string ?? ""] != nil, name) }
            if expected["array"]?.bool == true { #expect(document.array?.isEmpty == false, name) }
            let state = try await simulator.state()
            if let status = row[path: "after", "status"]?.string { #expect(state.status(4711) == status, name) }
            if let message = row[path: "after", "statusMessage"] {
                #expect(state.message(4711) == message.string ?? "", name)
            }
            let stops = try await simulator.stops(after: 0).map(\.build)
            #expect(
                stops == (row[path: "after", "stopPublished"]?.bool == true ? [4711] : [])
                    || row["build"]?.string == "UNSTABLE", name)
        }

        @Test func aTokenIsAWebTokenWithScopeUserAndEnd() async throws {
            try await self.withSimulator { simulator async throws in
                func refusal(_ token: String?) async throws -> String? {
                    let answer = try await self.ask(simulator, "PUT", "/v4/builds/4711", token: token, ["stats": [:]])
                    return answer.status == 401 ? try JSONValue(parsing: answer.body)["message"]?.string : nil
                }
                #expect(try await refusal(nil) == "Missing authentication")
                #expect(try await refusal("made-up") == "Invalid token format")
                #expect(try await refusal("e30.bm90IGpzb24.c2ln") == "Invalid token format")
                #expect(try await refusal("e30.e30.c2ln") == "Invalid token")
                #expect(try await refusal(BuildToken.make(4711, validFor: -1, secret: "s")) == "Expired token")
                #expect(try await refusal(self.token()) == nil)
            }
        }

        @Test func theBodyIsHeldToTheSchema() async throws {
            try await self.withSimulator { simulator async throws in
                let good: [JSONValue] = [
                    [:], ["meta": ["a": 1]], ["statusMessage": "x", "statusMessageType": "WARN"],
                    ["stats": ["own": 1, "hostname": "n"]],
                    [
                        "stats": [
                            "imagePullStartTime": "2026-11-28T13:00:00.123Z",
                            "queueEnterTime": "2026-11-28T13:00:00+00:00",
                        ]
                    ], ["status": "BLOCKED"],
                ]
                for body in good { #expect(try await self.update(simulator, body) == 200, "\(body.text())") }
                let bad: [JSONValue] = [
                    [], "x", ["status": 7], ["statusMessage": ""], ["statusMessage": 7], ["statusMessageType": "BAD"],
                    ["meta": "x"], ["stats": []],
                    ["stats": ["imagePullStartTime": "yesterday"]], ["stats": ["hostname": ""]], ["status": "BLOCKED"],
                    ["status": "QUEUED"],
                ]
                for body in bad { #expect(try await self.update(simulator, body) == 400, "\(body.text())") }
            }
        }

        @Test func theInitStepIsActiveUntilTheBuildRuns() async throws {
            try await self.withSimulator { simulator async throws in
                #expect(try await self.steps(simulator, "?status=active") == ["sd-setup-init"])
                #expect(try await self.update(simulator, ["status": "RUNNING"], scope: "build") == 200)
                #expect(try await self.steps(simulator, "?status=active") == ["sd-setup-launcher"])
                #expect(try await self.steps(simulator, "?status=success") == ["sd-setup-init"])
                #expect(try await self.update(simulator, ["status": "FAILURE"]) == 200)
                #expect(try await self.steps(simulator, "?status=active") == [])
                #expect(try await self.steps(simulator, "?status=failure") == ["sd-setup-launcher"])
                try await simulator.haveBuild(4711, status: "QUEUED", steps: false)
                #expect(
                    try await self.ask(simulator, "GET", "/v4/builds/4711/steps", token: self.token()).status == 404)
            }
        }

        /// A step calls the build unstable while it runs; its launcher's SUCCESS ends it.
        @Test func anUnstableBuildEndsLater() async throws {
            try await self.withSimulator { simulator async throws in
                for status in ["RUNNING", "UNSTABLE"] {
                    #expect(
                        try await self.update(
                            simulator, ["status": .string(status), "statusMessage": "x"], scope: "build") == 200)
                }
                #expect(try await simulator.stops(after: 0).isEmpty)
                #expect(
                    try await self.update(simulator, ["status": "SUCCESS", "statusMessage": "y"], scope: "build") == 200
                )
                let state = try await simulator.state()
                #expect(state.status(4711) == "UNSTABLE" && state.message(4711) == "x")
                #expect(try await simulator.stops(after: 0).map(\.build) == [4711])
                #expect(try await simulator.stops(after: 1).isEmpty)
            }
        }

        @Test func aQuestionThatTakesAMessageAwayIsNoted() async throws {
            try await self.withSimulator { simulator async throws in
                func erased() async throws -> String? {
                    try await simulator.state().document[path: "builds", "4711", "erasedMessage"]?.string
                }
                _ = try await self.update(simulator, ["statusMessage": "delayed"])
                _ = try await self.update(simulator, ["stats": ["hostname": "n"]])
                #expect(try await erased() == nil, "what says something may")
                _ = try await self.update(simulator, ["statusMessage": "delayed"])
                _ = try await self.update(simulator, ["stats": [:]])
                #expect(try await erased() == "delayed")
                _ = try await self.update(simulator, ["stats": [:]])
                #expect(try await erased() == "delayed", "it is still gone")
                _ = try await self.update(simulator, ["status": "RUNNING"], scope: "build")
                #expect(try await erased() == nil, "a build that begins has a new one, or none")
            }
        }
    }
}
