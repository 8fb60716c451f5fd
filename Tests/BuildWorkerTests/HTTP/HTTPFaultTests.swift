import Foundation
import Testing

@testable import BuildWorker

/// What goes wrong between two machines, and what is made of it.
@Suite(.timeLimit(.minutes(2))) struct HTTPFaultTests {
    let transport = HTTPTransport()

    private func failure(of request: HTTPRequest, deadline: Duration = .seconds(30)) async -> HTTPError? {
        do throws(HTTPError) {
            let response = try await self.transport.send(request, deadline: deadline)
            Issue.record("answered \(response.status)")
            return nil
        } catch { return error }
    }

    @Test func aDeadlineIsADeadline() async throws {
        let server = try StubServer { _ in .hang }
        defer { server.stop() }
        let begin = ContinuousClock.now
        let error = await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"), deadline: .milliseconds(300))
        #expect(error?.code == .timedOut)
        #expect(error?.isRetriable == true)
        #expect(ContinuousClock.now - begin < .seconds(30), "URLSession alone would wait for ever")
    }

    @Test(arguments: [Duration.zero, .seconds(-1), .nanoseconds(1)])
    func aDeadlineThatHasPassedIsOne(deadline: Duration) async throws {
        let server = try StubServer { _ in .hang }
        defer { server.stop() }
        #expect(await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"), deadline: deadline)?.code == .timedOut)
    }

    @Test func aDeadlineMayBeFarAway() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        #expect(try await self.transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(Int64.max)).status == 200)
    }

    @Test func deadlinesDoNotWedgeTheSession() async throws {
        let server = try StubServer { $0.target == "/hang" ? .hang : .status(200) }
        defer { server.stop() }
        for _ in 0..<20 { _ = await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/hang"), deadline: .milliseconds(20)) }
        let response = try await self.transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(30))
        #expect(response.status == 200)
    }

    @Test(arguments: ["Basic realm=\"x\"", "Digest realm=\"x\", nonce=\"n\", qop=\"auth\"", "Bearer", "Negotiate", "Basic"])
    func aChallengeIsAnAnswer(challenge: String) async throws {
        let server = try StubServer { _ in .status(401, headers: ["WWW-Authenticate": challenge]) }
        defer { server.stop() }
        for method in ["GET", "POST"] {
            let request = HTTPRequest(method: method, url: server.url + "/", bearer: Secret("t0ken"), body: method == "GET" ? nil : [0x7B, 0x7D])
            #expect(try await self.transport.send(request, deadline: .seconds(30)).status == 401)
        }
        #expect(server.requests.count == 2, "no second attempt with a password")
    }

    @Test(arguments: [
        (StubServer.Answer.reset, HTTPError.Code.connectionReset), (.close, .connectionReset), (.truncated, .truncated),
        (.raw("SSH-2.0-OpenSSH_9.2\r\n"), .other),
    ])
    func whatIsNoAnswerIsAnErrorThatMayPass(answer: StubServer.Answer, code: HTTPError.Code) async throws {
        for method in ["GET", "POST"] {
            let server = try StubServer { _ in answer }
            defer { server.stop() }
            let error = await self.failure(of: HTTPRequest(method: method, url: server.url + "/", body: method == "GET" ? nil : [0x7B, 0x7D]))
            #expect(error?.code == code, "\(method): \(String(describing: error))")
            #expect(error?.isRetriable == true)
        }
    }

    @Test func anAnswerThatIsTooLargeIsRefused() async throws {
        let server = try StubServer { _ in .status(200, body: String(repeating: "x", count: HTTPTransport.largestBody + 1)) }
        defer { server.stop() }
        #expect(await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(60))?.code == .tooLarge)
    }

    @Test func nobodyThere() async throws {
        let server = try StubServer { _ in .status(200) }
        server.stop()
        #expect(await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"))?.code == .connectionRefused)
    }

    @Test func anAddressThatIsNoneIsFinal() async {
        for url in ["", "nonsense", "http://", "ftp://127.0.0.1/x", "/api", "http:///x"] {
            let error = await self.failure(of: HTTPRequest(method: "GET", url: url))
            #expect(error?.code == .invalidURL, "\(url)")
            #expect(error?.isRetriable == false)
        }
    }

    @Test(arguments: ["", "a\r\nX-Other: b", "a b", "tökén", "a\0b"])
    func aTokenThatNoHeaderCanCarryIsNotSent(token: String) async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        let error = await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/", bearer: Secret(token)))
        #expect(error?.code == .invalidToken)
        #expect(error?.isRetriable == false)
        #expect(server.requests.isEmpty)
    }

    /// The words are libcurl's; the numbers are URLSession's, which says -1 for most.
    @Test(arguments: [
        (-1, "SSL certificate problem: unable to get local issuer certificate", HTTPError.Code.tlsFailure),
        (-1, "SSL: no alternative certificate subject name matches target host name 'k'", .tlsFailure),
        (-1, "OpenSSL SSL_read: Connection reset by peer, errno 104", .connectionReset),
        (-1, "transfer closed with 98 bytes remaining to read", .truncated), (-1, "Send failure: Broken pipe", .connectionReset),
        (-1, "", .other), (-1001, "", .timedOut), (-1003, "Could not resolve host: k", .dnsFailure), (-1004, "", .connectionRefused),
        (-1005, "", .connectionReset), (-1011, "Empty reply from server", .connectionReset), (-1002, "Received HTTP/0.9 when not allowed", .other),
    ])
    func errorsAreToldApart(number: Int, words: String, code: HTTPError.Code) { #expect(HTTPError.code(number, words) == code) }

    // MARK: - Connections that were kept

    /// Closed while nothing was under way: libcurl notices.
    @Test(arguments: ["GET", "POST", "PUT"])
    func aConnectionThatTheServerClosedIsNotUsedAgain(method: String) async throws {
        let server = try StubServer { _ in .statusThenClose(200) }
        defer { server.stop() }
        for number in 1...5 {
            let body = method == "GET" ? nil : Array(#"{"n":\#(number)}"#.utf8)
            let request = HTTPRequest(method: method, url: server.url + "/", body: body, isRepeatable: true)
            #expect(try await self.transport.send(request, deadline: .seconds(30)).status == 200)
        }
    }

    /// Closed while the next request was on its way. Without our answer to it the request would hang until its deadline.
    @Test(arguments: ["GET", "DELETE", "POST", "PUT"], [true, false])
    func aRequestThatMetAClosedConnectionGoesOutOnceMore(method: String, byReset: Bool) async throws {
        let server = try StubServer { request in request.number == 1 ? .status(200) : byReset ? .reset : .close }
        defer { server.stop() }
        _ = try await self.transport.send(HTTPRequest(method: "GET", url: "\(server.url)/first"), deadline: .seconds(30))
        let body = ["POST", "PUT"].contains(method) ? Array(#"{"a":"\#(String(repeating: "b", count: 5000))"}"#.utf8) : nil
        let request = HTTPRequest(method: method, url: "\(server.url)/second", body: body, isRepeatable: true)
        #expect(try await self.transport.send(request, deadline: .seconds(60)).status == 200)
        let seen = server.requests.filter { $0.target == "/second" }
        #expect(seen.map(\.number) == [2, 1], "on the kept connection, then on a fresh one")
        #expect(seen.allSatisfy { Array($0.body.utf8) == body ?? [] })
    }

    @Test func whatMustNotBeRepeatedIsNot() async throws {
        let server = try StubServer { request in request.number == 1 ? .status(200) : .reset }
        defer { server.stop() }
        _ = try await self.transport.send(HTTPRequest(method: "GET", url: "\(server.url)/first"), deadline: .seconds(30))
        let error = await self.failure(of: HTTPRequest(method: "POST", url: "\(server.url)/second", body: Array("{}".utf8)))
        #expect(error?.code == .connectionReset)
        #expect(server.requests.filter { $0.target == "/second" }.count == 1)
    }

    @Test func aRepetitionIsBoundByTheSameDeadline() async throws {
        let server = try StubServer { request in request.target == "/first" ? .status(200) : request.number > 1 ? .reset : .hang }
        defer { server.stop() }
        _ = try await self.transport.send(HTTPRequest(method: "GET", url: "\(server.url)/first"), deadline: .seconds(30))
        let error = await self.failure(of: HTTPRequest(method: "PUT", url: "\(server.url)/second", body: Array("{}".utf8)), deadline: .milliseconds(500))
        #expect(error?.code == .timedOut)
    }
}
