import CoreMetrics
import Foundation
import Logging
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

/// Old pods against a cluster and a build API that are real servers.
@Suite(.timeLimit(.minutes(2))) struct PodSweepQuestionTests {
    private static let build = BuildID(rawValue: 4711)

    private static func pod(_ build: BuildID, _ phase: String, api: Int) -> JSONValue {
        let old = JSONValue.string("2020-01-01T00:00:00Z")
        return [
            "metadata": [
                "name": .string(PodName.of(build, prefix: "")), "labels": ["sdbuild": .string("\(build)")],
                "creationTimestamp": old,
            ],
            "spec": [
                "containers": [
                    [
                        "args": [
                            .string(
                                "/opt/sd/run.sh \"t0ken\" \"http://127.0.0.1:\(api)\" \"store\" \"90\" \"\(build)\" \"ui\"\n"
                            )
                        ]
                    ]
                ]
            ],
            "status": ["phase": .string(phase), "containerStatuses": [["state": ["terminated": ["finishedAt": old]]]]],
        ]
    }

    private static func list(_ pods: [JSONValue], next: String? = nil) -> StubServer.Answer {
        let list: JSONValue = ["items": .array(pods), "metadata": ["continue": next.map { .string($0) } ?? .null]]
        return .status(200, body: list.text())
    }

    /// - Returns: names of pods that were deleted.
    private static func sweep(_ cluster: StubServer) async throws -> [String] {
        let configuration = try ConfigurationFixture.configuration([
            "K8S_HOST": cluster.url, "K8S_TOKEN": "x", "POD_TTL": "1",
        ])
        let sweep = PodSweep(
            configuration, clusters: BuildClusters(configuration.executor) { _, _ in HTTPTransport() },
            buildAPI: BuildAPIClient(transport: HTTPTransport(), deadline: .seconds(5)),
            meters: Metrics(NOOPMetricsHandler.instance),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await sweep.sweep()
        return cluster.requests.filter { $0.method == "DELETE" }.map { String($0.target.split(separator: "/").last!) }
    }

    private static func cluster(_ api: StubServer, _ phase: String) throws -> StubServer {
        let port = api.port
        return try StubServer {
            $0.method == "GET" ? Self.list([Self.pod(Self.build, phase, api: port)]) : .status(200)
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        /// Answers to the question for steps, and to the update of nothing.
        let steps: StubServer.Answer
        var update: StubServer.Answer = .status(500)
        /// Of a pod that is finished, and of one that is not.
        let isDeleted: (finished: Bool, running: Bool)
        var asksTwice = true
        var testDescription: String { self.name }
    }

    private static func own(_ status: Int, _ message: String) -> StubServer.Answer {
        .status(status, body: #"{"statusCode":\#(status),"message":"\#(message)"}"#)
    }
    private static let none = StubServer.Answer.status(200, body: "[]")
    private static let ended = own(403, "Can only update RUNNING, QUEUED, BLOCKED, FROZEN, or UNSTABLE builds")

    private static let rows = [
        Row(
            name: "a step is active", steps: .status(200, body: #"[{"name":"test"}]"#), isDeleted: (false, false),
            asksTwice: false),
        Row(name: "ended", steps: none, update: ended, isDeleted: (true, true)),
        Row(
            name: "gone", steps: own(404, "Build does not have any steps"),
            update: own(404, "Build 4711 does not exist"), isDeleted: (true, true)),
        Row(
            name: "UNSTABLE", steps: none, update: .status(200, body: #"{"status":"UNSTABLE"}"#),
            isDeleted: (true, true)),
        Row(
            name: "between two steps", steps: none, update: .status(200, body: #"{"status":"RUNNING"}"#),
            isDeleted: (false, false)),
        Row(
            name: "it waits", steps: none, update: .status(200, body: #"{"status":"BLOCKED"}"#),
            isDeleted: (false, false)),
        Row(
            name: "the token has expired", steps: own(401, "Token expired"), isDeleted: (true, false), asksTwice: false),
        Row(
            name: "the token expires meanwhile", steps: none, update: own(401, "Token expired"),
            isDeleted: (true, false)),
        Row(name: "the API is away", steps: .status(503), isDeleted: (false, false), asksTwice: false),
        Row(name: "the API hears nothing", steps: .reset, isDeleted: (false, false), asksTwice: false),
        Row(name: "the API goes meanwhile", steps: none, update: .status(500), isDeleted: (false, false)),
        Row(name: "the API is busy", steps: .status(429), isDeleted: (false, false), asksTwice: false),
        Row(
            name: "a gateway's 404", steps: .status(404, body: "default backend"), isDeleted: (false, false),
            asksTwice: false),
        Row(
            name: "a gateway's 403 to the update", steps: none, update: .status(403, body: "RBAC: access denied"),
            isDeleted: (false, false)),
        Row(
            name: "an API that does not tell of steps", steps: own(403, "Forbidden"), update: ended,
            isDeleted: (true, true)),
        Row(name: "no status", steps: none, update: .status(200), isDeleted: (false, false)),
    ]

    @Test(arguments: rows, ["Succeeded", "Failed", "Running", "Pending"])
    func onlyWhatNobodyNeedsGoes(row: Row, phase: String) async throws {
        let api = try StubServer { $0.method == "GET" ? row.steps : row.update }
        defer { api.stop() }
        let cluster = try Self.cluster(api, phase)
        defer { cluster.stop() }
        let isDeleted = ["Succeeded", "Failed"].contains(phase) ? row.isDeleted.finished : row.isDeleted.running
        #expect(try await Self.sweep(cluster) == (isDeleted ? [PodName.of(Self.build, prefix: "")] : []))
        let asked = api.requests.map { "\($0.method) \($0.target) \($0.body)" }
        #expect(asked.first == "GET /v4/builds/4711/steps?status=active ")
        #expect(asked.dropFirst() == (row.asksTwice ? [#"PUT /v4/builds/4711 {"stats":{}}"#] : []))
        #expect(api.requests.allSatisfy { $0.headers["authorization"] == "Bearer t0ken" })
    }

    struct Paging: Sendable, CustomTestStringConvertible {
        let name: String
        /// By the continue token of the request, "" of the first: the builds on that page and the next token, or another answer.
        let pages: [String: ([Int], String?)]
        var others: [String: StubServer.Answer] = [:]
        let asked: [String]
        let deleted: [Int]
        var testDescription: String { self.name }
    }

    private static func expired(_ remainder: String?) -> StubServer.Answer {
        let status: JSONValue = [
            "kind": "Status", "reason": "Expired", "code": 410,
            "metadata": ["continue": remainder.map { .string($0) } ?? .null],
            "message":
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response",
        ]
        return .status(410, body: status.text())
    }

    private static let pagings = [
        Paging(
            name: "three pages", pages: ["": ([1, 2], "a="), "a=": ([3], "b"), "b": ([4], nil)],
            asked: ["", "a%3D", "b"], deleted: [1, 2, 3, 4]),
        Paging(
            name: "an empty page in between", pages: ["": ([1], "a"), "a": ([], "b"), "b": ([2], "")],
            asked: ["", "a", "b"], deleted: [1, 2]),
        Paging(
            name: "expired, with a way on", pages: ["": ([1], "a"), "r": ([3], nil)], others: ["a": expired("r")],
            asked: ["", "a", "r"], deleted: [1, 3]),
        Paging(
            name: "expired, without one", pages: ["": ([1], "a")], others: ["a": expired(nil)], asked: ["", "a"],
            deleted: [1]),
        Paging(
            name: "expired again and again", pages: ["": ([1], "a")], others: ["a": expired("r"), "r": expired("a")],
            asked: ["", "a", "r"], deleted: [1]),
        Paging(
            name: "expired twice, with progress", pages: ["": ([1], "a"), "r": ([2], "b"), "s": ([3], nil)],
            others: ["a": expired("r"), "b": expired("s")], asked: ["", "a", "r", "b", "s"], deleted: [1, 2, 3]),
        Paging(
            name: "the cluster goes in the middle", pages: ["": ([1, 2], "a")], others: ["a": .status(500)],
            asked: ["", "a"], deleted: [1, 2]),
        Paging(name: "no first page", pages: [:], others: ["": .status(403)], asked: [""], deleted: []),
    ]

    @Test(arguments: pagings)
    func goesThroughAllPagesAndUsesWhatItSaw(paging: Paging) async throws {
        let api = try StubServer { $0.method == "GET" ? Self.none : Self.ended }
        defer { api.stop() }
        let port = api.port
        let cluster = try StubServer { request in
            guard request.method == "GET" else { return .status(200) }
            let token =
                request.target.components(separatedBy: "&continue=").dropFirst().first?.removingPercentEncoding ?? ""
            if let other = paging.others[token] { return other }
            guard let (builds, next) = paging.pages[token] else { return .status(400) }
            return Self.list(builds.map { Self.pod(BuildID(rawValue: $0), "Succeeded", api: port) }, next: next)
        }
        defer { cluster.stop() }
        let deleted = try await Self.sweep(cluster)
        #expect(
            Set(deleted) == Set(paging.deleted.map { PodName.of(BuildID(rawValue: $0), prefix: "") })
                && deleted.count == paging.deleted.count)
        let pods =
            "/api/v1/namespaces/sd/pods?labelSelector=app%20in%20%28screwdriver%2Cscrewdriver-vm%29%2Ctier%3Dbuilds&limit=250"
        let lists = cluster.requests.filter { $0.method == "GET" }.map {
            $0.target.replacing(/namespaces\/[^\/]+/, with: "namespaces/sd")
        }
        #expect(lists == paging.asked.map { $0.isEmpty ? pods : "\(pods)&continue=\($0)" })
    }
}
