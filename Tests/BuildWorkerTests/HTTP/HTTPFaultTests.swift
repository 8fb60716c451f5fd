import CCurl
import Foundation
import Glibc
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

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
        let error = await self.failure(
            of: HTTPRequest(method: "GET", url: server.url + "/"), deadline: .milliseconds(300))
        #expect(error?.code == .timedOut)
        #expect(error?.isRetriable == true)
        #expect(ContinuousClock.now - begin < .seconds(30), "the server would wait for ever")
    }

    @Test(arguments: [Duration.zero, .seconds(-1), .nanoseconds(1)])
    func aDeadlineThatHasPassedIsOne(deadline: Duration) async throws {
        let server = try StubServer { _ in .hang }
        defer { server.stop() }
        #expect(
            await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"), deadline: deadline)?.code
                == .timedOut)
    }

    @Test func aDeadlineMayBeFarAway() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        #expect(
            try await self.transport.send(
                HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(Int64.max)
            ).status == 200)
    }

    @Test func deadlinesDoNotWedgeTheSession() async throws {
        let server = try StubServer { $0.target == "/hang" ? .hang : .status(200) }
        defer { server.stop() }
        for _ in 0..<20 {
            _ = await self.failure(
                of: HTTPRequest(method: "GET", url: server.url + "/hang"), deadline: .milliseconds(20))
        }
        let response = try await self.transport.send(
            HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(30))
        #expect(response.status == 200)
    }

    @Test(arguments: [
        "Basic realm=\"x\"", "Digest realm=\"x\", nonce=\"n\", qop=\"auth\"", "Bearer", "Negotiate", "Basic",
    ])
    func aChallengeIsAnAnswer(challenge: String) async throws {
        let server = try StubServer { _ in .status(401, headers: ["WWW-Authenticate": challenge]) }
        defer { server.stop() }
        for method in ["GET", "POST"] {
            let request = HTTPRequest(
                method: method, url: server.url + "/", bearer: Secret("t0ken"),
                body: method == "GET" ? nil : [0x7B, 0x7D])
            #expect(try await self.transport.send(request, deadline: .seconds(30)).status == 401)
        }
        #expect(server.requests.count == 2, "no second attempt with a password")
    }

    @Test(arguments: [
        (StubServer.Answer.reset, HTTPError.Code.connectionReset), (.close, .connectionReset), (.truncated, .truncated),
        (.raw("SSH-2.0-OpenSSH_9.2\r\n"), .notHTTP),
    ])
    func whatIsNoAnswerIsAnErrorThatMayPass(answer: StubServer.Answer, code: HTTPError.Code) async throws {
        for method in ["GET", "POST"] {
            let server = try StubServer { _ in answer }
            defer { server.stop() }
            let error = await self.failure(
                of: HTTPRequest(method: method, url: server.url + "/", body: method == "GET" ? nil : [0x7B, 0x7D]))
            #expect(error?.code == code, "\(method): \(String(describing: error))")
            #expect(error?.isRetriable == true)
        }
    }

    @Test func anAnswerThatIsTooLargeIsRefused() async throws {
        let server = try StubServer { _ in .status(200, body: String(repeating: "x", count: HTTPLimits().bodyBytes + 1))
        }
        defer { server.stop() }
        #expect(
            await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(60))?.code
                == .tooLarge)
    }

    @Test func nobodyThere() async throws {
        let server = try StubServer { _ in .status(200) }
        server.stop()
        #expect(await self.failure(of: HTTPRequest(method: "GET", url: server.url + "/"))?.code == .connectionRefused)
    }

    @Test func anAddressThatIsNoneIsFinal() async {
        for url in [
            "", "nonsense", "http://", "ftp://127.0.0.1/x", "/api", "http:///x", "file:///etc/passwd",
            "http://127.0.0.1:99999/", "http://[::1/", "http://a b/",
            "http://user:pass@127.0.0.1/", "http://127.0.0.1/\r\nX: y", "gopher://127.0.0.1/", "http://[fe80::zz]/",
            "https://?", "http://#",
        ] {
            let error = await self.failure(of: HTTPRequest(method: "GET", url: url))
            #expect(error?.code == .invalidURL, "\(url)")
            #expect(error?.isRetriable == false)
            #expect(error?.code.isLocal == true)
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

    @Test(arguments: [
        (CURLE_COULDNT_RESOLVE_HOST, false, Int32(0), 0, HTTPError.Code.dnsFailure),
        (CURLE_COULDNT_CONNECT, false, ECONNREFUSED, 0, .connectionRefused),
        (CURLE_OPERATION_TIMEDOUT, false, 0, 0, .connectionRefused),
        (CURLE_RECV_ERROR, false, 0, 407, .connectionRefused),
        (CURLE_RECV_ERROR, true, 0, 200, .truncated), (CURLE_RECV_ERROR, false, ECONNRESET, 0, .connectionReset),
        (CURLE_SSL_CONNECT_ERROR, false, ECONNRESET, 0, .connectionReset),
        (CURLE_SSL_CONNECT_ERROR, false, 0, 0, .tlsFailure),
        (CURLE_PEER_FAILED_VERIFICATION, false, 0, 0, .tlsFailure), (CURLE_PARTIAL_FILE, true, 0, 0, .truncated),
        (CURLE_GOT_NOTHING, false, 0, 0, .connectionReset), (CURLE_HTTP2_STREAM, false, 0, 0, .connectionReset),
        (CURLE_UNSUPPORTED_PROTOCOL, false, 0, 0, .notHTTP), (CURLE_URL_MALFORMAT, false, 0, 0, .invalidURL),
        (CURLE_OUT_OF_MEMORY, false, 0, 0, .local),
    ])
    func errorsAreToldApart(curl: CURLcode, hasAnswer: Bool, systemError: Int32, proxyStatus: Int, code: HTTPError.Code)
    {
        #expect(
            HTTPError.code(
                curl, isConnected: hasAnswer, hasAnswer: hasAnswer, systemError: systemError, proxyStatus: proxyStatus)
                == code)
    }

    /// Nobody takes connections there, and the system has no more room to keep any: the next one is never made.
    private func fullServer() throws -> (port: Int, clear: () -> Void) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var fillers: [Int32] = []
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try #require(
                    bind(listener, address, length) == 0 && listen(listener, 0) == 0
                        && getsockname(listener, address, &length) == 0)
                for _ in 1...4 {
                    let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(filler, address, length)
                    fillers.append(filler)
                }
            }
        }
        return (
            Int(UInt16(bigEndian: address.sin_port)), { for descriptor in fillers + [listener] { close(descriptor) } }
        )
    }

    /// libcurl closes a socket that was not connected yet without a word, and its number is soon somebody else's: what is shut when a service is
    /// silent must be that service's.
    @Test func aSocketThatWasGivenUpIsNoneOfOurs() async throws {
        let full = try self.fullServer()
        defer { full.clear() }
        var options = HTTPOptions()
        options.isMultiplexed = true
        options.limits.connect = .milliseconds(300)
        let transport = HTTPTransport(options, engine: HTTPEngine())
        for deadline in [Duration.seconds(20), .milliseconds(100)] {
            let error = await #expect(throws: HTTPError.self) {
                try await transport.send(
                    HTTPRequest(method: "GET", url: "http://127.0.0.1:\(full.port)/"), deadline: deadline)
            }
            #expect([.connectionRefused, .timedOut].contains(error?.code))
        }
        #expect(transport.connections.open == 0)
        // The numbers are taken again.
        var pairs: [[Int32]] = []
        for _ in 1...8 {
            var pair: [Int32] = [0, 0]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
            pairs.append(pair)
        }
        defer { pairs.joined().forEach { close($0) } }
        let silent = try StubServer { _ in .hang }
        defer { silent.stop() }
        let error = await #expect(throws: HTTPError.self) {
            try await transport.send(HTTPRequest(method: "GET", url: silent.url + "/"), deadline: .milliseconds(200))
        }
        #expect(error?.code == .timedOut)
        for pair in pairs {
            var byte: UInt8 = 7
            #expect(send(pair[0], &byte, 1, Int32(MSG_NOSIGNAL)) == 1)
            #expect(recv(pair[1], &byte, 1, Int32(MSG_DONTWAIT)) == 1)
        }
    }

    @Test func aProxysPasswordIsInNoError() async {
        var options = HTTPOptions()
        options.proxy = Secret("http://user:pa@ss@127.0.0.1:1")
        let error = await #expect(throws: HTTPError.self) {
            try await HTTPTransport(options).send(
                HTTPRequest(method: "GET", url: "http://127.0.0.1/"), deadline: .seconds(5))
        }
        #expect(error?.description.contains("pa@ss") == false)
    }

    // MARK: - Connections that were kept

    /// Closed while nothing was under way: libcurl notices.
    @Test(arguments: ["GET", "POST", "PUT"])
    func aConnectionThatTheServerClosedIsNotUsedAgain(method: String) async throws {
        let server = try StubServer { _ in .statusThenClose(200) }
        defer { server.stop() }
        for number in 1...5 {
            let body = method == "GET" ? nil : Array(#"{"n":\#(number)}"#.utf8)
            let request = HTTPRequest(method: method, url: server.url + "/", body: body)
            #expect(try await self.transport.send(request, deadline: .seconds(30)).status == 200)
        }
    }

    /// Closed while the next request was on its way. Without our answer to it the request would hang until its deadline.
    @Test(arguments: ["GET", "DELETE", "POST", "PUT"], [true, false])
    func aRequestThatMetAClosedConnectionGoesOutOnceMore(method: String, byReset: Bool) async throws {
        let server = try StubServer { request in request.number == 1 ? .status(200) : byReset ? .reset : .close }
        defer { server.stop() }
        _ = try await self.transport.send(
            HTTPRequest(method: "GET", url: "\(server.url)/first"), deadline: .seconds(30))
        let body =
            ["POST", "PUT"].contains(method) ? Array(#"{"a":"\#(String(repeating: "b", count: 5000))"}"#.utf8) : nil
        let request = HTTPRequest(method: method, url: "\(server.url)/second", body: body)
        #expect(try await self.transport.send(request, deadline: .seconds(60)).status == 200)
        let seen = server.requests.filter { $0.target == "/second" }
        #expect(seen.map(\.number) == [2, 1], "on the kept connection, then on a fresh one")
        #expect(seen.allSatisfy { Array($0.body.utf8) == body ?? [] })
    }

    @Test func aRepetitionIsBoundByTheSameDeadline() async throws {
        let server = try StubServer { request in
            request.target == "/first" ? .status(200) : request.number > 1 ? .reset : .hang
        }
        defer { server.stop() }
        _ = try await self.transport.send(
            HTTPRequest(method: "GET", url: "\(server.url)/first"), deadline: .seconds(30))
        let error = await self.failure(
            of: HTTPRequest(method: "PUT", url: "\(server.url)/second", body: Array("{}".utf8)),
            deadline: .milliseconds(500))
        #expect(error?.code == .timedOut)
    }
}
