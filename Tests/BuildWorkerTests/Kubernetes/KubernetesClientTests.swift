import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

@Suite(.timeLimit(.minutes(2))) struct KubernetesClientTests {
    private func client(_ server: StubServer, _ change: (inout KubernetesOptions) -> Void = { _ in })
        -> KubernetesClient
    {
        var options = KubernetesOptions()
        options.host = server.url
        options.token = Secret("t0ken")
        options.jobsNamespace = "sd-builds"
        change(&options)
        return KubernetesClient(options: options, transport: HTTPTransport())
    }

    static func status(_ code: Int, _ reason: String, _ message: String, kind: String = "pods") -> String {
        let document: JSONValue = [
            "kind": "Status", "status": "Failure", "reason": .string(reason), "message": .string(message),
            "details": ["kind": .string(kind)],
            "code": .number(String(code)),
        ]
        return document.text()
    }

    @Test func requestsHaveTheOriginalsShape() async throws {
        let server = try StubServer { request in
            request.method == "POST"
                ? .status(201, body: #"{"kind":"Pod"}"#) : .status(200, body: #"{"items":[{"kind":"Pod"}]}"#)
        }
        defer { server.stop() }
        let client = self.client(server)
        #expect(try await client.createPod(["kind": "Pod"])["kind"] == "Pod")
        _ = try await client.podStatus(named: "4711-abcde")
        #expect(try await client.pods(labelled: "sdbuild=beta-4711").count == 1)
        try await client.deletePods(labelled: "sdbuild=4711")
        let seen = server.requests
        let pods = "/api/v1/namespaces/sd-builds/pods"
        #expect(
            seen.map { "\($0.method) \($0.target)" } == [
                "POST \(pods)", "GET \(pods)/4711-abcde/status",
                "GET \(pods)?labelSelector=sdbuild%3Dbeta-4711&resourceVersion=0",
                "DELETE \(pods)?labelSelector=sdbuild%3D4711",
            ])
        #expect(seen.allSatisfy { $0.headers["authorization"] == "Bearer t0ken" })
        #expect(seen[0].body == #"{"kind":"Pod"}"#)
        #expect(seen[0].headers["content-type"] == "application/json")
        #expect(seen[0].headers["content-length"] == "14")
        #expect(
            seen.dropFirst().allSatisfy {
                $0.body.isEmpty && $0.headers["content-type"] == nil && $0.headers["accept"] == "application/json"
            })
    }

    @Test func namesCannotLeaveTheirPlaceInThePath() async throws {
        let server = try StubServer { _ in .status(200, body: #"{"items":null}"#) }
        defer { server.stop() }
        let client = self.client(server) { $0.jobsNamespace = "a/b" }
        _ = try await client.podStatus(named: "../x?y#ü")
        #expect(try await client.pods(labelled: "sdbuild=a b&c").isEmpty)
        let pods = "/api/v1/namespaces/a%2Fb/pods"
        #expect(
            server.requests.map(\.target) == [
                "\(pods)/..%2Fx%3Fy%23%C3%BC/status", "\(pods)?labelSelector=sdbuild%3Da%20b%26c&resourceVersion=0",
            ])
    }

    struct Refusal: CustomTestStringConvertible {
        let status: Int
        let reason: String
        let message: String
        var kind = "pods"
        let code: KubernetesError.Code
        let isMisconfiguration: Bool
        var testDescription: String { "\(self.status) \(self.reason)" }
    }

    @Test(arguments: [
        Refusal(
            status: 409, reason: "AlreadyExists", message: #"pods "x" already exists"#, code: .alreadyExists,
            isMisconfiguration: false),
        Refusal(
            status: 409, reason: "Conflict", message: "Operation cannot be fulfilled on resourcequotas",
            code: .conflict, isMisconfiguration: false),
        Refusal(status: 400, reason: "BadRequest", message: "cannot decode", code: .invalid, isMisconfiguration: false),
        Refusal(
            status: 422, reason: "Invalid", message: "spec.containers[0].image: Required value", code: .invalid,
            isMisconfiguration: false),
        Refusal(
            status: 403, reason: "Forbidden", message: #"pods "x" is forbidden: exceeded quota: compute"#,
            code: .quotaExceeded, isMisconfiguration: false),
        Refusal(
            status: 403, reason: "Forbidden", message: "cannot create resource", code: .forbidden,
            isMisconfiguration: true),
        Refusal(
            status: 401, reason: "Unauthorized", message: "Unauthorized", code: .unauthorized, isMisconfiguration: true),
        Refusal(
            status: 404, reason: "NotFound", message: #"namespaces "sd" not found"#, kind: "namespaces",
            code: .namespaceNotFound, isMisconfiguration: true),
        Refusal(
            status: 404, reason: "NotFound", message: "the server could not find the requested resource",
            code: .namespaceNotFound, isMisconfiguration: true),
        Refusal(
            status: 429, reason: "TooManyRequests", message: "slow down", code: .tooManyRequests,
            isMisconfiguration: false),
        Refusal(status: 500, reason: "InternalError", message: "etcd", code: .serverError, isMisconfiguration: false),
        Refusal(
            status: 503, reason: "ServiceUnavailable", message: "away", code: .serverError, isMisconfiguration: false),
        Refusal(status: 200, reason: "", message: "odd", code: .unexpectedStatus, isMisconfiguration: false),
        Refusal(status: 202, reason: "", message: "odd", code: .unexpectedStatus, isMisconfiguration: false),
        Refusal(status: 302, reason: "", message: "", code: .unexpectedStatus, isMisconfiguration: false),
        Refusal(
            status: 405, reason: "MethodNotAllowed", message: "no", code: .unexpectedStatus, isMisconfiguration: false),
        Refusal(status: 504, reason: "Timeout", message: "slow", code: .serverError, isMisconfiguration: false),
    ])
    func refusalsAreTold(_ refusal: Refusal) async throws {
        let server = try StubServer { _ in
            .status(
                refusal.status, body: Self.status(refusal.status, refusal.reason, refusal.message, kind: refusal.kind))
        }
        defer { server.stop() }
        let error = await #expect(throws: KubernetesError.self) {
            try await self.client(server).createPod(["kind": "Pod"])
        }
        #expect(error?.code == refusal.code)
        #expect(error?.status == refusal.status)
        #expect(error?.isMisconfiguration == refusal.isMisconfiguration)
        // URLSession gives no body with a redirect that was refused.
        if !refusal.message.isEmpty { #expect(error?.description.contains(refusal.message) == true) }
        #expect(error?.description.contains("t0ken") == false)
    }

    @Test(arguments: [
        (502, KubernetesError.Code.serverError), (404, .foreignAnswer), (403, .foreignAnswer), (429, .tooManyRequests),
    ])
    func anAnswerOfAProxyInBetweenIsNoStatus(status: Int, code: KubernetesError.Code) async throws {
        let server = try StubServer { _ in .status(status, body: "<html>t0ken</html>") }
        defer { server.stop() }
        let error = await #expect(throws: KubernetesError.self) { try await self.client(server).podStatus(named: "x") }
        #expect(error?.code == code)
        #expect(error?.message.isEmpty == true, "nothing of the body is shown")
    }

    /// As a kube-apiserver of 1.20 answers when its limits are reached.
    @Test func tooManyRequestsComesInPlainText() async throws {
        let server = try StubServer { _ in .status(429, body: "Too many requests, please try again later.\n") }
        defer { server.stop() }
        let error = await #expect(throws: KubernetesError.self) { try await self.client(server).podStatus(named: "x") }
        #expect(error?.code == .tooManyRequests && error?.isPotentialOutage == true)
        #expect(error?.description == "get pod: 429 TooManyRequests")
    }

    /// The API server's decoder quotes what it cannot read, and the build's token is in there.
    @Test func aQuotedTokenIsTakenOut() async throws {
        let token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ODYwOTIzMSwiYnVpbGRJZCI6ODYwOTIzMSwiam9iSWQ"
        let message =
            "v1.Pod.Spec: bad, error found in #10 byte of ...|t0ken\n|..., bigger context ...|args\":[\"\(token)\"|..."
        let server = try StubServer { _ in .status(400, body: Self.status(400, "BadRequest", message)) }
        defer { server.stop() }
        let error = await #expect(throws: KubernetesError.self) {
            try await self.client(server).createPod(["kind": "Pod"])
        }
        #expect(error?.code == .invalid)
        #expect(
            error?.message
                == "v1.Pod.Spec: bad, error found in #10 byte of ...|<redacted> |..., bigger context ...|args\":[\"<redacted>.<redacted>\"|..."
        )
    }

    @Test func aLongMessageIsCut() async throws {
        let server = try StubServer { _ in
            .status(500, body: Self.status(500, "InternalError", String(repeating: "no ", count: 5000)))
        }
        defer { server.stop() }
        let error = await #expect(throws: KubernetesError.self) {
            try await self.client(server).createPod(["kind": "Pod"])
        }
        #expect(error?.message.count == 1000)
    }

    /// A pod has one name, so the request may be repeated: the second pod would be a conflict.
    @Test func aCreationThatMetAClosedConnectionGoesOutOnceMore() async throws {
        let server = try StubServer { request in
            if request.method == "GET" { return .status(200) }
            return request.number > 1 ? .reset : .status(201)
        }
        defer { server.stop() }
        let client = self.client(server)
        _ = try await client.podStatus(named: "x")
        _ = try await client.createPod(["kind": "Pod"])
        #expect(server.requests.map(\.method) == ["GET", "POST", "POST"])
    }

    @Test func anAnswerThatCannotBeReadIsAnError() async throws {
        let server = try StubServer { _ in .status(200, body: "nonsense") }
        defer { server.stop() }
        #expect(
            await #expect(throws: KubernetesError.self) { try await self.client(server).podStatus(named: "x") }?.code
                == .unreadableAnswer)
        #expect(
            await #expect(throws: KubernetesError.self) { try await self.client(server).pods(labelled: "a=b") }?.code
                == .unreadableAnswer)
    }

    @Test func aHangEndsAtTheDeadline() async throws {
        let server = try StubServer { _ in .hang }
        defer { server.stop() }
        let client = self.client(server) { $0.requestTimeout = .milliseconds(200) }
        #expect(
            await #expect(throws: KubernetesError.self) { try await client.podStatus(named: "x") }?.code
                == .unreachable(.timedOut))
    }

    @Test func aTokenOnFileIsReadAgainAfterA401() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)")
        try "old\n".write(to: file, atomically: true, encoding: .utf8)
        defer { do { try FileManager.default.removeItem(at: file) } catch { Issue.record(error) } }
        let server = try StubServer { request in
            guard request.headers["authorization"] == "Bearer new" else {
                do { try "new\n".write(to: file, atomically: true, encoding: .utf8) } catch { Issue.record(error) }
                return .status(401, body: Self.status(401, "Unauthorized", "Unauthorized"))
            }
            return .status(200, body: #"{"items":[]}"#)
        }
        defer { server.stop() }
        let client = self.client(server) { ($0.token, $0.tokenFile) = (nil, file.path) }
        #expect(try await client.pods(labelled: "a=b").isEmpty)
        #expect(server.requests.count == 2)
    }

    @Test func aFixedTokenThatIsRefusedIsTriedOnce() async throws {
        let server = try StubServer { _ in .status(401, body: Self.status(401, "Unauthorized", "Unauthorized")) }
        defer { server.stop() }
        await #expect(throws: KubernetesError.self) { try await self.client(server).podStatus(named: "x") }
        #expect(server.requests.count == 1)
    }

    @Test func aTokenOnFileThatStaysRefusedIsTriedTwice() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)")
        try "old".write(to: file, atomically: true, encoding: .utf8)
        defer { do { try FileManager.default.removeItem(at: file) } catch { Issue.record(error) } }
        let server = try StubServer { _ in .status(401, body: Self.status(401, "Unauthorized", "Unauthorized")) }
        defer { server.stop() }
        let client = self.client(server) { ($0.token, $0.tokenFile) = (nil, file.path) }
        #expect(
            await #expect(throws: KubernetesError.self) { try await client.podStatus(named: "x") }?.code
                == .unauthorized)
        #expect(server.requests.count == 2)
    }

    @Test func aTokenThatCannotBeSentIsTheWorkersFault() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        let error = await #expect(throws: KubernetesError.self) {
            try await self.client(server) { $0.token = Secret("t0\nken") }.podStatus(named: "x")
        }
        #expect(error?.code == .noToken)
        #expect(error?.isMisconfiguration == true)
        #expect(server.requests.isEmpty)
    }

    @Test func withoutATokenItSaysWhatToSet() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        let client = self.client(server) { ($0.token, $0.tokenFile) = (nil, "/nowhere/token") }
        let error = await #expect(throws: KubernetesError.self) { try await client.podStatus(named: "x") }
        #expect(error?.code == .noToken)
        #expect(error?.isMisconfiguration == true)
        #expect(error?.description.contains("K8S_TOKEN") == true)
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [
        ("kubernetes.default", "https://kubernetes.default"), ("10.0.0.1:6443", "https://10.0.0.1:6443"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("https://api.example:6443//", "https://api.example:6443"),
    ])
    func theHostMayHaveASchemeAndAPort(host: String, url: String) {
        var options = KubernetesOptions()
        options.host = host
        #expect(options.serverURL == url)
    }
}
