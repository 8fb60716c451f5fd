import Logging
import Synchronization
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

/// The layer around the clients' requests: what it is told, and what is made of that.
@Suite(.timeLimit(.minutes(2))) struct RequestWatchTests {
    private final class Told: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { self.state.withLock { $0 } }
        var observer: RequestObserver {
            RequestObserver { access, error, _ in
                let outcome =
                    error.map {
                        "\($0.isPotentialOutage ? "outage" : $0.isMisconfiguration ? "fault" : "answer") \($0.status ?? 0)"
                    } ?? "done"
                self.state.withLock { $0.append("\(access): \(outcome)") }
            }
        }
    }

    private static let build = BuildID(rawValue: 4711)

    private static func cluster(_ server: StubServer, _ observer: RequestObserver) -> KubernetesClient {
        var options = KubernetesOptions()
        (options.host, options.token) = (server.url, Secret("t0ken"))
        var client = KubernetesClient(options: options, transport: HTTPTransport())
        client.observer = observer
        return client
    }

    struct Question: CustomTestStringConvertible {
        let name: String
        let status: Int
        var body = "{}"
        let told: [String]
        let ask: @Sendable (KubernetesClient) async throws(KubernetesError) -> Void
        var testDescription: String { "\(self.name): \(self.status)" }
    }

    private static func refusal(_ code: Int, _ reason: String, _ message: String = "no") -> String {
        #"{"kind":"Status","reason":"\#(reason)","message":"\#(message)","code":\#(code)}"#
    }

    @Test(arguments: [
        Question(name: "create", status: 201, told: ["write: done"]) { (client) async throws(KubernetesError) in
            _ = try await client.createPod([:])
        },
        Question(name: "create", status: 503, told: ["write: outage 503"]) { (client) async throws(KubernetesError) in
            _ = try await client.createPod([:])
        },
        // There is nothing to be found but the namespace.
        Question(name: "create", status: 404, body: refusal(404, "NotFound"), told: ["write: fault 404"]) {
            (client) async throws(KubernetesError) in
            _ = try await client.createPod([:])
        },
        Question(name: "get", status: 404, body: refusal(404, "NotFound"), told: ["read: answer 404"]) {
            (client) async throws(KubernetesError) in
            _ = try await client.podStatus(named: "x")
        },
        Question(name: "delete", status: 403, body: refusal(403, "Forbidden"), told: ["write: fault 403"]) {
            (client) async throws(KubernetesError) in
            try await client.deletePod(named: "x")
        },
        // Another way is known, and it is what counts.
        Question(name: "delete, perhaps", status: 403, body: refusal(403, "Forbidden"), told: []) {
            (client) async throws(KubernetesError) in
            try await client.deletePod(named: "x", isOptional: true)
        },
        Question(name: "delete, perhaps", status: 500, told: ["write: outage 500"]) {
            (client) async throws(KubernetesError) in
            try await client.deletePod(named: "x", isOptional: true)
        },
        Question(name: "probe", status: 503, told: []) { (client) async throws(KubernetesError) in
            try await client.probeRead()
        },
        Question(name: "probe", status: 503, told: []) { (client) async throws(KubernetesError) in
            try await client.probeWrite()
        },
    ])
    func theClusterIsHeardOnceARequest(question: Question) async throws {
        let server = try StubServer { _ in .status(question.status, body: question.body) }
        defer { server.stop() }
        let told = Told()
        do throws(KubernetesError) { try await question.ask(Self.cluster(server, told.observer)) } catch {
            #expect(error.status == question.status)
        }
        #expect(told.all == question.told)
    }

    /// Others' addresses stand in messages: what they answer says nothing of the worker's own.
    @Test(arguments: [
        (true, 200, ["write: done"]), (true, 503, ["write: outage 503"]), (false, 200, []), (false, 503, []),
    ])
    func onlyTheWorkersOwnBuildAPIIsHeard(isOwn: Bool, status: Int, expected: [String]) async throws {
        let server = try StubServer { _ in .status(status) }
        defer { server.stop() }
        let told = Told()
        var client = BuildAPIClient(
            transport: HTTPTransport(), deadline: .seconds(10),
            hosts: APIHosts(own: isOwn ? server.url : "http://own.test"))
        client.observer = told.observer
        let update = BuildUpdate(status: "FAILURE")
        do throws(BuildAPIError) {
            try await client.update(Self.build, at: server.url, token: Secret("t0ken"), with: update)
        } catch {
            #expect(error.status == status)
        }
        #expect(told.all == expected)
    }

    @Test(arguments: [(404, false), (405, false), (501, false), (502, true)])
    func aQuestionThatIsNotKnownIsNoOutage(status: Int, isOutage: Bool) async throws {
        let server = try StubServer { _ in .status(status, body: "nginx") }
        defer { server.stop() }
        let told = Told()
        var client = BuildAPIClient(
            transport: HTTPTransport(), deadline: .seconds(10), hosts: APIHosts(own: server.url))
        client.observer = told.observer
        let error = await #expect(throws: BuildAPIError.self) {
            _ = try await client.isWaiting(Self.build, at: server.url, token: Secret("t0ken"))
        }
        #expect(error.map { $0.code == .unknownQuestion } == !isOutage)
        #expect(told.all == ["read: \(isOutage ? "outage" : "answer") \(status)"])
    }

    private struct Worker {
        let health = Health(queues: [])
        let outages: Outages
        let client: KubernetesClient

        init(_ server: StubServer) {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            self.outages = Outages(
                health: self.health, clock: ContinuousClock(), logger: logger, intake: Intake { _ in })
            self.client = RequestWatchTests.cluster(
                server, RequestWatch(health: self.health, outages: self.outages).observer(of: .cluster))
        }

        /// - Parameter build: `nil`: for none.
        func create(for build: Int?) async {
            let scope = build.map { id in
                RequestScope(
                    build: { BuildID(rawValue: id) }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            }
            await RequestScope.$current.withValue(scope) { _ = try? await self.client.createPod([:]) }
        }

        var faults: [String] { self.health.problems.filter { $0.hasPrefix("the Kubernetes API") } }
    }

    @Test func aFaultIsToldAndPasses() async throws {
        let isAllowed = Atomic(false)
        let server = try StubServer { _ in
            .status(
                isAllowed.load(ordering: .relaxed) ? 201 : 403, body: Self.refusal(403, "Forbidden", "cannot create"))
        }
        defer { server.stop() }
        let worker = Worker(server)
        await worker.create(for: nil)
        #expect(worker.faults.isEmpty, "a chore says nothing of builds")
        await worker.create(for: 1)
        #expect(worker.faults == ["the Kubernetes API: create pod: 403 Forbidden \"cannot create\""])
        #expect(worker.health.problems(withCauses: false).contains("the Kubernetes API: a request was refused"))
        isAllowed.store(true, ordering: .relaxed)
        await worker.create(for: 2)
        #expect(worker.faults.isEmpty && !worker.outages.isAnyOpen)
    }

    @Test func aFailureWhoseProbeFailsIsAnOutage() async throws {
        let server = try StubServer { _ in .status(503) }
        defer { server.stop() }
        let worker = Worker(server)
        await worker.create(for: 1)
        #expect(worker.outages.isOpen(.cluster) && !worker.outages.isOpen(.buildAPI))
        #expect(
            server.requests.map(\.target).filter { $0.contains("dryRun") }.count == 1, "its probe is not watched itself"
        )
        #expect(worker.faults == ["the Kubernetes API unavailable; consumption paused: probe: 503"])
    }
}
