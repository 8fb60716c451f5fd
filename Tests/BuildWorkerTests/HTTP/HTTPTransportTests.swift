import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

@Suite(.timeLimit(.minutes(2))) struct HTTPTransportTests {
    let transport = HTTPTransport()

    @Test func aRequestArrivesAsItWasMeant() async throws {
        let server = try StubServer { _ in .status(201, body: #"{"a":1}"#) }
        defer { server.stop() }
        let request = HTTPRequest(
            method: "POST", url: "\(server.url)/a/b?c=d%3De", bearer: Secret("t0ken"), body: Array(#"{"x":"é"}"#.utf8))
        let response = try await self.transport.send(request, deadline: .seconds(30))
        #expect(response.status == 201)
        #expect(response.body == Array(#"{"a":1}"#.utf8))
        let seen = try #require(server.requests.first)
        #expect(seen.method == "POST")
        #expect(seen.target == "/a/b?c=d%3De")
        #expect(seen.headers["authorization"] == "Bearer t0ken")
        #expect(seen.headers["content-type"] == "application/json")
        #expect(seen.headers["accept"] == "application/json")
        #expect(seen.headers["user-agent"] == "\(Product.name)/\(Product.version)")
        #expect(seen.body == #"{"x":"é"}"#)
    }

    @Test(arguments: [200, 201, 204, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503])
    func everyStatusIsAnAnswer(status: Int) async throws {
        let server = try StubServer { _ in .status(status, body: status == 204 ? "" : "{}") }
        defer { server.stop() }
        let response = try await self.transport.send(
            HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(30))
        #expect(response.status == status)
    }

    /// What one answer may take, forty at once may not.
    @Test func largeAnswersShareTheirRoom() async throws {
        let server = try RawServer(threads: 4) { request in
            let head = "HTTP/1.1 200 OK\r\nContent-Length: \(request.target == "/small" ? 1000 : 1_000_000)\r\n\r\n"
            return [
                .send(Array(head.utf8) + Array(repeating: 0x20, count: request.target == "/small" ? 1000 : 700_000))
            ] + (request.target == "/small" ? [] : [.hold])
        }
        defer { server.stop() }
        var options = HTTPOptions()
        (options.limits.bodyBytes, options.limits.bodiesBytes) = (1 << 20, 1 << 20)
        let transport = HTTPTransport(options)
        var codes: [HTTPError.Code] = []
        await withTaskGroup(of: HTTPError.Code?.self) { group in
            for _ in 1...2 {
                group.addTask {
                    do throws(HTTPError) {
                        _ = try await transport.send(
                            HTTPRequest(method: "GET", url: "\(server.url)/large"), deadline: .seconds(3))
                    } catch { return error.code }
                    return nil
                }
            }
            for await code in group {
                if let code { codes.append(code) }
                // The other one still has its room.
                guard codes.count == 1 else { continue }
                let small = try? await transport.send(
                    HTTPRequest(method: "GET", url: "\(server.url)/small"), deadline: .seconds(3))
                #expect(small?.body.count == 1000)
            }
        }
        #expect(codes == [.tooLarge, .timedOut])
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
            HTTPRequest(method: "GET", url: "\(server.url)/x", bearer: Secret("t0ken")), deadline: .seconds(30))
        #expect(response.status == status)
        #expect(elsewhere.requests.isEmpty, "the token went elsewhere")
    }

    @Test func noCookieComesBack() async throws {
        let server = try StubServer { _ in
            .status(200, headers: ["Set-Cookie": "session=1; Path=/", "Cache-Control": "max-age=600"])
        }
        defer { server.stop() }
        for _ in 1...2 {
            _ = try await self.transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(20))
        }
        #expect(server.requests.count == 2, "an answer came from a cache")
        #expect(server.requests.allSatisfy { $0.headers["cookie"] == nil })
    }

    @Test func connectionsAreKept() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        for _ in 1...10 {
            _ = try await self.transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(20))
        }
        #expect(Set(server.requests.map(\.connection)).count == 1)
    }

    /// A worker that is told to end at once does not wait for answers; and the session still works (trap: `data(for:)` wedges it).
    @Test func aCancelledTaskGivesItsRequestUp() async throws {
        let (gate, arrived) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let server = try StubServer { request in
            guard request.target == "/slow" else { return .status(200) }
            arrived.signal()
            gate.wait()
            return .status(201)
        }
        defer {
            for _ in 1...20 { gate.signal() }
            server.stop()
        }
        for _ in 1...20 {
            let sending = Task { () throws(HTTPError) in
                try await self.transport.send(
                    HTTPRequest(method: "GET", url: server.url + "/slow"), deadline: .seconds(60))
            }
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    arrived.wait()
                    continuation.resume()
                }
            }
            sending.cancel()
            guard case .failure(let error) = await sending.result else {
                Issue.record("it waited for its answer")
                continue
            }
            #expect("\(error)".contains("given up"))
            #expect(
                try await self.transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(20))
                    .status == 200)
        }
    }

    @Test func manyAtATime() async throws {
        let server = try StubServer { .status(200, body: $0.target) }
        defer { server.stop() }
        var options = HTTPOptions()
        options.concurrency = 4
        let transport = HTTPTransport(options)
        let url = server.url
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...100 {
                group.addTask {
                    let response = try await transport.send(
                        HTTPRequest(method: "GET", url: "\(url)/\(number)"), deadline: .seconds(60))
                    return response.body == Array("/\(number)".utf8)
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        #expect(Set(server.requests.map(\.connection)).count <= 4)
    }
}
