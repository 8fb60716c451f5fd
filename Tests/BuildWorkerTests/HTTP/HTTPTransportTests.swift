import Foundation
import Testing

@testable import BuildWorker

@Suite(.timeLimit(.minutes(2))) struct HTTPTransportTests {
    let transport = HTTPTransport()

    private func failure(of request: HTTPRequest, deadline: Duration = .seconds(10)) async -> HTTPError? {
        do throws(HTTPError) {
            let response = try await self.transport.send(request, deadline: deadline)
            Issue.record("answered \(response.status)")
            return nil
        } catch { return error }
    }

    @Test func aRequestArrivesAsItWasMeant() async throws {
        let server = try StubServer { _ in .status(201, body: #"{"a":1}"#) }
        defer { server.stop() }
        let request = HTTPRequest(method: "POST", url: "\(server.url)/a/b?c=d%3De", bearer: Secret("t0ken"), body: Array(#"{"x":"é"}"#.utf8))
        let response = try await self.transport.send(request, deadline: .seconds(10))
        #expect(response.status == 201)
        #expect(response.body == Array(#"{"a":1}"#.utf8))
        let seen = try #require(server.requests.first)
        #expect(seen.method == "POST")
        #expect(seen.target == "/a/b?c=d%3De")
        #expect(seen.headers["authorization"] == "Bearer t0ken")
        #expect(seen.headers["content-type"] == "application/json")
        #expect(seen.headers["accept"] == "application/json")
        #expect(seen.body == #"{"x":"é"}"#)
    }

    @Test(arguments: [200, 201, 204, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503])
    func everyStatusIsAnAnswer(status: Int) async throws {
        let server = try StubServer { _ in .status(status, body: status == 204 ? "" : "{}") }
        defer { server.stop() }
        let response = try await self.transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(10))
        #expect(response.status == status)
    }

    @Test(arguments: [301, 302, 307, 308])
    func redirectsAreNotFollowed(status: Int) async throws {
        let elsewhere = try StubServer { _ in .status(200) }
        let server = try StubServer { _ in .status(status, headers: ["Location": "\(elsewhere.url)/stolen"]) }
        defer {
            elsewhere.stop()
            server.stop()
        }
        let response = try await self.transport.send(
            HTTPRequest(method: "GET", url: "\(server.url)/x", bearer: Secret("t0ken")), deadline: .seconds(10))
        #expect(response.status == status)
        #expect(elsewhere.requests.isEmpty, "the token went elsewhere")
    }

    @Test func aDeadlineIsADeadline() async throws {
        let server = try StubServer { _ in .hang }
        defer { server.stop() }
        let begin = ContinuousClock.now
        let error = await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"), deadline: .milliseconds(300))
        #expect(error?.code == .timedOut)
        #expect(error?.isRetriable == true)
        #expect(ContinuousClock.now - begin < .seconds(30), "URLSession alone would wait two minutes")
    }

    @Test func deadlinesDoNotWedgeTheSession() async throws {
        let server = try StubServer { $0.target == "/hang" ? .hang : .status(200) }
        defer { server.stop() }
        for _ in 0..<20 { _ = await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/hang"), deadline: .milliseconds(20)) }
        let response = try await self.transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(20))
        #expect(response.status == 200)
    }

    @Test func aBasicChallengeEndsAtTheDeadlineAtTheLatest() async throws {
        let server = try StubServer { _ in .status(401, headers: ["WWW-Authenticate": "Basic realm=\"x\""]) }
        defer { server.stop() }
        do throws(HTTPError) {
            let response = try await self.transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .milliseconds(500))
            #expect(response.status == 401)
        } catch { #expect(error.code == .timedOut) }
    }

    @Test func whatIsNoAnswerIsAnErrorThatMayPass() async throws {
        for answer in [StubServer.Answer.reset, .truncated] {
            let server = try StubServer { _ in answer }
            defer { server.stop() }
            let error = await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"))
            #expect(error?.isRetriable == true, "\(answer): \(String(describing: error))")
        }
        let server = try StubServer { _ in .status(200) }
        server.stop()
        #expect(await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"))?.code == .cannotConnect)
    }

    @Test func anAddressThatIsNoneIsFinal() async {
        for url in ["", "nonsense", "http://"] {
            let error = await self.failure(of: HTTPRequest(method: "GET", url: url))
            #expect(error?.code == .invalidURL)
            #expect(error?.isRetriable == false)
        }
    }

    /// A server may close a connection between two requests; the second must not hang on it.
    @Test(arguments: ["GET", "POST", "PUT"])
    func aConnectionThatTheServerClosedIsNotUsedAgain(method: String) async throws {
        let server = try StubServer { _ in .statusThenClose(200) }
        defer { server.stop() }
        for number in 1...5 {
            let body = method == "GET" ? nil : Array(#"{"n":\#(number)}"#.utf8)
            let response = try await self.transport.send(HTTPRequest(method: method, url: server.url + "/", body: body), deadline: .seconds(20))
            #expect(response.status == 200)
        }
    }

    @Test func connectionsAreKept() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        for _ in 1...10 { _ = try await self.transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(20)) }
        #expect(Set(server.requests.map(\.connection)).count == 1)
    }

    @Test func descriptionsShowNoSecret() async throws {
        let server = try StubServer { _ in .reset }
        defer { server.stop() }
        let request = HTTPRequest(method: "PUT", url: server.url + "/", bearer: Secret("t0ken"), body: Array("s3cret".utf8))
        let error = await self.failure(of: request)
        for text in ["\(request)", "\(String(describing: error))", "\(Secret("t0ken"))", String(reflecting: Secret("t0ken"))] {
            #expect(!text.contains("t0ken") && !text.contains("s3cret"))
        }
        var dumped = ""
        dump(request.bearer, to: &dumped)
        #expect(!dumped.contains("t0ken"))
    }
}
