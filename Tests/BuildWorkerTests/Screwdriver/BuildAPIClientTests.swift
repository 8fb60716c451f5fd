import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

@Suite(.timeLimit(.minutes(2))) struct BuildAPIClientTests {
    let client = BuildAPIClient(transport: HTTPTransport(), deadline: .seconds(10))
    let build = BuildID(rawValue: 8001)

    @Test(arguments: [
        (
            BuildUpdate(status: "FAILURE", statusMessage: "why \"so\""),
            #"{"status":"FAILURE","statusMessage":"why \"so\""}"#
        ),
        (
            BuildUpdate(statusMessage: "Waiting for resources to be available."),
            #"{"statusMessage":"Waiting for resources to be available."}"#
        ),
        (
            BuildUpdate(stats: BuildStats(hostname: "n1", imagePullStartTime: "2026-01-02T03:04:05.678Z")),
            #"{"stats":{"hostname":"n1","imagePullStartTime":"2026-01-02T03:04:05.678Z"}}"#
        ),
    ])
    func onlyWhatIsSetIsSent(update: BuildUpdate, body: String) async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        try await self.client.update(self.build, at: server.url, token: Secret("t0ken"), with: update)
        let seen = try #require(server.requests.first)
        #expect("\(seen.method) \(seen.target)" == "PUT /v4/builds/8001")
        #expect(seen.headers["authorization"] == "Bearer t0ken")
        #expect(seen.body == body)
    }

    @Test(arguments: [
        (500, true), (502, true), (503, true), (408, true), (429, true), (400, false), (401, false), (403, false),
        (404, false), (409, false), (422, false), (302, true),
    ])
    func fourHundredsAreFinal(status: Int, isRetriable: Bool) async throws {
        let server = try StubServer { _ in
            .status(status, body: status == 302 ? "" : #"{"statusCode":0,"message":"said so"}"#)
        }
        defer { server.stop() }
        let error = await #expect(throws: BuildAPIError.self) {
            try await self.client.update(
                self.build, at: server.url, token: Secret("t0ken"), with: BuildUpdate(status: "FAILURE"))
        }
        #expect(error?.code == (status == 401 ? .token : .status))
        #expect(error?.status == status)
        #expect(error?.isRetriable == isRetriable)
        let whose = status == 401 ? "the API does not take the build's token and says: " : ""
        #expect(error?.description == "update build 8001: \(whose)\(status)\(status == 302 ? "" : " \"said so\"")")
        #expect(server.requests.count == 1, "retrying is decided elsewhere")
    }

    @Test func aBuildsStatusIsRead() async throws {
        let server = try StubServer { _ in .status(200, body: #"{"id":8001,"status":"ABORTED"}"#) }
        defer { server.stop() }
        #expect(try await self.client.status(of: self.build, at: server.url, token: Secret("t")) == "ABORTED")
        let seen = try #require(server.requests.first)
        #expect("\(seen.method) \(seen.target) \(seen.body)" == #"PUT /v4/builds/8001 {"stats":{}}"#)
    }

    @Test func anUnreachableAPIMayComeBack() async throws {
        let server = try StubServer { _ in .status(200) }
        server.stop()
        let error = await #expect(throws: BuildAPIError.self) {
            try await self.client.status(of: self.build, at: server.url, token: Secret("t"))
        }
        #expect(error?.isRetriable == true)
    }

    @Test func anAddressThatIsNoneIsFinal() async throws {
        let error = await #expect(throws: BuildAPIError.self) {
            try await self.client.status(of: self.build, at: "nonsense", token: Secret("t"))
        }
        #expect(error?.isRetriable == false)
    }

    @Test(arguments: [200, 201, 202, 204])
    func anySuccessIsOne(status: Int) async throws {
        let server = try StubServer { _ in .status(status, body: "") }
        defer { server.stop() }
        try await self.client.update(
            self.build, at: server.url + "/", token: Secret("t0ken"), with: BuildUpdate(status: "FAILURE"))
        #expect(server.requests.first?.target == "/v4/builds/8001")
    }

    /// It must be final: else a FAILURE that can never be taken goes round for ever.
    @Test func aRefusedTokenIsFinalWhateverTheChallenge() async throws {
        let server = try StubServer { _ in .status(401, headers: ["WWW-Authenticate": "Basic"]) }
        defer { server.stop() }
        let error = await #expect(throws: BuildAPIError.self) {
            try await self.client.update(
                self.build, at: server.url, token: Secret("t0ken"), with: BuildUpdate(status: "FAILURE"))
        }
        #expect(error?.code == .token)
        #expect(error?.isRetriable == false)
    }

    @Test func whatTheAPIQuotesIsMadeSafe() async throws {
        let server = try StubServer { _ in .status(400, body: #"{"message":"t0ken\nis no token"}"#) }
        defer { server.stop() }
        let error = await #expect(throws: BuildAPIError.self) {
            try await self.client.status(of: self.build, at: server.url, token: Secret("t0ken"))
        }
        #expect(error?.message == "<redacted> is no token")
    }

    @Test(arguments: ["", "[]", "{}", #"{"status":1}"#])
    func anAnswerWithoutAStatusIsAnError(body: String) async throws {
        let server = try StubServer { _ in .status(200, body: body) }
        defer { server.stop() }
        let error = await #expect(throws: BuildAPIError.self) {
            try await self.client.status(of: self.build, at: server.url, token: Secret("t"))
        }
        #expect(error?.code == .unreadableAnswer)
        #expect(error?.isRetriable == true)
    }
}
