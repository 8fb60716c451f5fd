import Testing

@testable import BuildWorker
@testable import Clients
@testable import Spool
@testable import Support
@testable import Workflow

@Suite struct PendingStatusUpdateTests {
    private func note(_ server: StubServer, _ update: BuildUpdate) -> PendingStatusUpdate {
        PendingStatusUpdate(build: BuildID(rawValue: 4711), apiURI: server.url, token: Secret("tok"), update)
    }

    private func tell(_ note: PendingStatusUpdate) async -> JobOutcome {
        await note.tell(BuildAPIClient(transport: HTTPTransport(), deadline: .seconds(5)))
    }

    @Test func survivesTheDiskAndShowsNoToken() throws {
        let update = BuildUpdate(
            statusMessage: "Waiting",
            stats: BuildStats(hostname: "node1", imagePullStartTime: "2026-11-21T08:00:00.000Z"))
        let note = PendingStatusUpdate(
            build: BuildID(rawValue: 4711), apiURI: "http://api", token: Secret("verySecret"), update)
        #expect(PendingStatusUpdate(note.payload) == note)
        #expect(note.orderKey == "4711")
        #expect(
            !Job(.status, id: "1", created: "", orderKey: nil, payload: note.payload).document.text().contains(
                "verySecret"))
        #expect(PendingStatusUpdate(["buildId": 1]) == nil)
    }

    @Test func neverCarriesAFailure() {
        let note = PendingStatusUpdate(
            build: BuildID(rawValue: 1), apiURI: "", token: Secret(""),
            BuildUpdate(status: "FAILURE", statusMessage: "x"))
        #expect(!note.payload.text().contains("FAILURE"))
    }

    @Test func tellsTheNodeAtOnce() async throws {
        let server = try StubServer { _ in .status(200, body: #"{"status":"RUNNING"}"#) }
        #expect(
            await self.tell(
                self.note(server, BuildUpdate(stats: BuildStats(hostname: "node1", imagePullStartTime: "now"))))
                == .done)
        #expect(server.requests.map(\.method) == ["PUT"])
        #expect(server.requests.first?.body.contains("node1") == true)
    }

    /// The question is the launcher's own, for a message's token may ask no other.
    @Test(arguments: [true, false])
    func tellsOfWaitingOnlyWhileItWaits(_ isWaiting: Bool) async throws {
        let server = try StubServer { request in
            guard request.method == "POST" else { return .status(200, body: #"{"status":"QUEUED"}"#) }
            return isWaiting
                ? .status(200, body: #"{"token":"x"}"#)
                : .status(403, body: #"{"message":"Build is already running or finished."}"#)
        }
        defer { server.stop() }
        let outcome = await self.tell(self.note(server, BuildUpdate(statusMessage: "Waiting")))
        #expect(outcome == (isWaiting ? .done : .refused("the build has begun meanwhile")))
        #expect(
            server.requests.map { "\($0.method) \($0.target)" } == ["POST /v4/builds/4711/token"]
                + (isWaiting ? ["PUT /v4/builds/4711"] : []))
        #expect(server.requests.first?.body == #"{"buildTimeout":1}"#)
    }

    /// Not to know whether a build waits is no reason to lose its note, nor to tell it.
    @Test(arguments: [(500, true), (429, true), (401, false), (403, false)])
    func withoutAnAnswerNothingIsTold(_ code: Int, _ isTriedAgain: Bool) async throws {
        let server = try StubServer { _ in .status(code, body: #"{"message":"Insufficient scope"}"#) }
        defer { server.stop() }
        switch await self.tell(self.note(server, BuildUpdate(statusMessage: "Waiting"))) {
        case .failed: #expect(isTriedAgain)
        case .refused: #expect(!isTriedAgain)
        case .done, .permanentFailure: Issue.record("told")
        }
        #expect(server.requests.map(\.method) == ["POST"])
    }

    @Test(arguments: [(403, false), (404, false), (500, true), (503, true), (429, true)])
    func aFinalAnswerEndsItAndAnyOtherIsTriedAgain(_ code: Int, _ isTriedAgain: Bool) async throws {
        let server = try StubServer { _ in .status(code, body: #"{"message":"no"}"#) }
        switch await self.tell(
            self.note(server, BuildUpdate(stats: BuildStats(hostname: "n", imagePullStartTime: "t"))))
        {
        case .failed: #expect(isTriedAgain)
        case .refused: #expect(!isTriedAgain)
        case .done, .permanentFailure: #expect(Bool(false))
        }
    }
}
