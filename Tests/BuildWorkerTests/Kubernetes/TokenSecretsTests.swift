import Synchronization
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

/// The requests that keep a Secret in step with its pod, whatever happens between them.
@Suite(.timeLimit(.minutes(2))) struct TokenSecretsTests {
    private static let secret = TokenSecret(name: "4711-abcde", label: "4711", token: Secret("s3cret"))
    private static let found = #"{"metadata":{"name":"4711-abcde","resourceVersion":"7"}}"#
    private static let owned =
        #"{"metadata":{"name":"4711-abcde","resourceVersion":"9","ownerReferences":[{"uid":"u"}]}}"#

    private static func refusal(_ code: Int, _ reason: String) -> StubServer.Answer {
        .status(code, body: KubernetesClientTests.status(code, reason, reason, kind: "secrets"))
    }

    /// Runs `body` against a server that gives these answers in turn.
    ///
    /// - Returns: method, name and body of each request.
    private func requests(
        _ answers: [StubServer.Answer], _ body: (TokenSecrets) async throws -> Void
    ) async throws -> [String] {
        let rest = Mutex(answers)
        let server = try StubServer { _ in rest.withLock { $0.isEmpty ? .status(599) : $0.removeFirst() } }
        defer { server.stop() }
        var options = KubernetesOptions()
        (options.host, options.token, options.jobsNamespace) = (server.url, Secret("t0ken"), "builds")
        try await body(TokenSecrets(client: KubernetesClient(options: options, transport: HTTPTransport()), prefix: ""))
        #expect(rest.withLock { $0.isEmpty }, "all answers were asked for")
        return server.requests.map { request in
            "\(request.method) \(request.target.replacing("/api/v1/namespaces/builds/", with: ""))"
        }
    }

    @Test func aNewOneIsMade() async throws {
        let requests = try await self.requests([.status(201, body: Self.found)]) {
            let version = try await $0.prepare(Self.secret)
            #expect((version.name, version.version, version.hasOwner) == ("4711-abcde", "7", false))
        }
        #expect(requests == ["POST secrets"])
    }

    @Test func oneOfAnEarlierAttemptGetsTheToken() async throws {
        let requests = try await self.requests([Self.refusal(409, "AlreadyExists"), .status(200, body: Self.owned)]) {
            let version = try await $0.prepare(Self.secret)
            #expect(version.hasOwner)
        }
        #expect(requests == ["POST secrets", "PATCH secrets/4711-abcde"])
    }

    @Test func oneThatGoesWithAnEarlierPodIsMadeAgain() async throws {
        let requests = try await self.requests([
            Self.refusal(409, "AlreadyExists"), Self.refusal(404, "NotFound"), .status(201, body: Self.found),
        ]) {
            _ = try await $0.prepare(Self.secret)
        }
        #expect(requests == ["POST secrets", "PATCH secrets/4711-abcde", "POST secrets"])
    }

    @Test func oneThatIsGoneWhenThePodIsThereIsMadeForIt() async throws {
        let pod = try #require(PodIdentity(["metadata": ["name": "4711-abcde", "uid": "u-1"]]))
        let requests = try await self.requests([Self.refusal(404, "NotFound"), .status(201, body: Self.owned)]) {
            try await $0.hand(Self.secret, to: pod)
        }
        #expect(requests == ["PATCH secrets/4711-abcde", "POST secrets"])
    }

    /// Another worker may have made the pod meanwhile, and the Secret is its own.
    @Test func oneThatWasChangedSinceStays() async throws {
        let version = try #require(KubernetesClient.SecretVersion(try JSONValue(parsing: Self.found)))
        let requests = try await self.requests([Self.refusal(409, "Conflict")]) { try await $0.discard(version) }
        #expect(requests == ["DELETE secrets/4711-abcde"])
        let owned = try #require(KubernetesClient.SecretVersion(try JSONValue(parsing: Self.owned)))
        #expect(try await self.requests([]) { try await $0.discard(owned) }.isEmpty)
    }

    @Test func whatAwaitsAPodThatIsThereIsGivenToIt() async throws {
        let build = BuildID(rawValue: 4711)
        let name = PodName.of(build, prefix: "")
        let version = try #require(
            KubernetesClient.SecretVersion(["metadata": ["name": .string(name), "resourceVersion": "7"]]))
        let pod: JSONValue = ["metadata": ["name": .string(name), "uid": "u-1", "labels": ["sdbuild": "4711"]]]
        let given = try await self.requests([.status(200, body: pod.text()), .status(200, body: Self.owned)]) {
            let isRemoved = try await $0.settle(version)
            #expect(!isRemoved)
        }
        #expect(given == ["GET pods/\(name)/status", "PATCH secrets/\(name)"])
        let removed = try await self.requests([Self.refusal(404, "NotFound"), .status(200)]) {
            let isRemoved = try await $0.settle(version)
            #expect(isRemoved)
        }
        #expect(removed == ["GET pods/\(name)/status", "DELETE secrets/\(name)"])
        // Not knowing is no reason to remove.
        let unknown = try await self.requests([Self.refusal(503, "Unavailable")]) { secrets in
            await #expect(throws: KubernetesError.self) { try await secrets.settle(version) }
        }
        #expect(unknown == ["GET pods/\(name)/status"])
    }

    @Test func theRequestsAreTheAPIs() async throws {
        let server = try StubServer { request in
            switch request.method {
            case "GET":
                .status(
                    200,
                    body: request.target.contains("?")
                        ? #"{"items":[\#(Self.found)]}"# : #"{"data":{"token":"czNjcmV0"}}"#)
            case "POST": .status(201, body: Self.found)
            default: .status(200, body: Self.found)
            }
        }
        defer { server.stop() }
        var options = KubernetesOptions()
        (options.host, options.token) = (server.url, Secret("t0ken"))
        let client = KubernetesClient(options: options, transport: HTTPTransport())
        _ = try await client.patchSecret(named: "a", Self.secret.renewal)
        var found: [String] = []
        try await client.forEachPage(ofSecretsLabelled: "app=x,build-worker/awaits-pod") { found += $0.map(\.version) }
        #expect(found == ["7"])
        #expect(try await client.token(inSecret: "a") == Secret("s3cret"))
        try await client.deleteSecret(named: "a", unlessChangedSince: "7")
        let seen = server.requests
        #expect(seen[0].headers["content-type"] == "application/merge-patch+json")
        #expect(seen[1].headers["accept"]?.contains("as=PartialObjectMetadataList") == true, "tokens do not travel")
        #expect(seen[1].target.hasSuffix("?labelSelector=app%3Dx%2Cbuild-worker%2Fawaits-pod&limit=250"))
        #expect(seen[3].body == #"{"preconditions":{"resourceVersion":"7"}}"#)
    }
}
