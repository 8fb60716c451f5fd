import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

/// A group of reports is what one operator would mend at one place.
@Suite struct FailureTitleTests {
    private static func title(_ cause: FailureCause) -> String {
        Self.report(Problem(cause.failureClass, cause.root), .buildFailed).title
    }
    private static func report(_ problem: Problem, _ kind: FailureReport.Kind = .retried) -> FailureReport {
        FailureReport(kind, problem, causes: [problem.detail], host: "h")
    }

    private static func pod(_ reason: String, _ message: String, _ id: Int, node: String) -> FailureCause {
        let pod: JSONValue = [
            "metadata": ["labels": ["sdbuild": .string("\(id)")]], "spec": ["nodeName": .string(node)],
            "status": [
                "phase": "Pending",
                "containerStatuses": [
                    [
                        "name": .string("\(id)"),
                        "state": ["waiting": ["reason": .string(reason), "message": .string(message)]],
                    ]
                ],
            ],
        ]
        return Self.cause(pod, id)
    }

    private static func failed(_ id: Int, node: String, _ status: JSONValue.Member...) -> FailureCause {
        Self.cause(
            [
                "metadata": ["labels": ["sdbuild": .string("\(id)")]], "spec": ["nodeName": .string(node)],
                "status": .object([.init("phase", "Failed")] + status),
            ], id)
    }

    private static func cause(_ pod: JSONValue, _ id: Int) -> FailureCause {
        switch PodObservation(pod: pod, label: "\(id)", container: "\(id)") {
        case .broken(let failure): return .pod(failure)
        case .pending(_, let waitsFor): return .neverBegan(waited: .seconds(1800), waitsFor: waitsFor)
        case let other:
            Issue.record("\(other)")
            return .poison(crashes: 0)
        }
    }

    private static func answer(_ status: Int, _ message: String, _ reason: String = "Forbidden") -> FailureCause {
        let body: JSONValue = ["kind": "Status", "reason": .string(reason), "message": .string(message)]
        let error = KubernetesError("create pod", HTTPResponse(status: status, body: body.serialized()), hiding: [])
        return !error.isRetriable ? .podRejected(error.problem) : .retriesExhausted(retries: 5, error.problem)
    }

    private static func ended(_ id: Int, _ name: String, _ code: Int, _ reason: String, _ message: String)
        -> JSONValue.Member
    {
        let state: JSONValue = [
            "terminated": ["exitCode": .number("\(code)"), "reason": .string(reason), "message": .string(message)]
        ]
        return .init(
            name.hasPrefix("launcher") ? "initContainerStatuses" : "containerStatuses",
            [["name": .string("\(name)\(id)"), "state": state]])
    }

    struct Group: Sendable, CustomTestStringConvertible {
        /// What an operator reads.
        let title: String
        let cause: @Sendable (_ id: Int, _ name: String) -> FailureCause
        var testDescription: String { self.title }
    }

    /// Each is made for two builds, whose pods, nodes and images differ.
    private static let groups = [
        Group(title: "image: ErrImagePull: failed to resolve reference #: not found (build-failed)") {
            pod(
                "ErrImagePull",
                "failed to resolve reference \"r.example.com/\($1):\($0)\": r.example.com/\($1):\($0): not found", $0,
                node: $1)
        },
        Group(title: "image: ErrImagePull: unexpected status from HEAD request to #: 502 Bad Gateway (build-failed)") {
            pod(
                "ErrImagePull",
                "unexpected status from HEAD request to https://r.example.com/v2/\($1)/manifests/\($0): 502 Bad Gateway",
                $0, node: $1)
        },
        Group(title: "container: CreateContainerConfigError: secret # not found (build-failed)") {
            pod("CreateContainerConfigError", "secret \"\($1)\" not found", $0, node: $1)
        },
        Group(title: "container: pod failed: Container #: exit code 137 (OOMKilled) (build-failed)") {
            failed($0, node: $1, ended($0, "", 137, "OOMKilled", ""))
        },
        Group(title: "container: pod failed: Container #: exit code 1 (Error): boom (build-failed)") {
            failed($0, node: $1, ended($0, "", 1, "Error", "boom"))
        },
        Group(title: "container: pod failed: Container launcher-#: exit code 1 (Error): boom (build-failed)") {
            failed($0, node: $1, ended($0, "launcher-", 1, "Error", "boom"))
        },
        Group(
            title:
                "node: pod failed: Evicted: The node was low on resource: memory. Container # was using #, request is #. (build-failed)"
        ) {
            failed(
                $0, node: $1, .init("reason", "Evicted"),
                .init(
                    "message",
                    .string("The node was low on resource: memory. Container \($0) was using \($0)Ki, request is 2Gi."))
            )
        },
        Group(
            title: "node: pod failed: DisruptionTarget: Node # which was running pod # is unresponsive (build-failed)"
        ) {
            failed(
                $0, node: $1, .init("reason", "DisruptionTarget"),
                .init("message", .string("Node \($1) which was running pod \($0) is unresponsive")))
        },
        Group(
            title:
                "scheduling: pending to the end, waiting for its containers to start on node # (ContainerCreating) (build-failed)"
        ) {
            pod("ContainerCreating", "", $0, node: $1)
        },
        Group(
            title:
                "quota: create pod: 403 Forbidden \"pods # is forbidden: exceeded quota: builds, requested: #, used: #, limited: # (build-failed)"
        ) {
            answer(
                403,
                "pods \"\($0)-\($1)\" is forbidden: exceeded quota: builds, requested: pods=1, used: pods=\($0), limited: pods=50"
            )
        },
        Group(
            title:
                "policy: create pod: 403 Forbidden \"admission webhook \"validation.gatekeeper.sh\" denied the request: [no-latest] container # has a bad tag\" (build-failed)"
        ) { id, _ in
            answer(
                403,
                "admission webhook \"validation.gatekeeper.sh\" denied the request: [no-latest] container \"\(id)\" has a bad tag"
            )
        },
        Group(
            title:
                "policy: create pod: 403 Forbidden \"admission webhook \"validate.kyverno.svc\" denied the request: [no-latest] container # has a bad tag\" (build-failed)"
        ) { id, _ in
            answer(
                403,
                "admission webhook \"validate.kyverno.svc\" denied the request: [no-latest] container \"\(id)\" has a bad tag"
            )
        },
        Group(
            title:
                "rejected: create pod: 422 Invalid \"Pod # is invalid: spec.containers[0].image: Required value\" (build-failed)"
        ) {
            answer(422, "Pod \"\($0)-\($1)\" is invalid: spec.containers[0].image: Required value", "Invalid")
        },
        Group(
            title:
                "rights: create pod: 403 Forbidden \"pods is forbidden: User # cannot create resource # in API group \"\" in the namespace # (build-failed)"
        ) { _, _ in
            answer(
                403,
                #"pods is forbidden: User "worker" cannot create resource "pods" in API group "" in the namespace "builds""#
            )
        },
        Group(title: "cluster: create pod: 500 InternalError \"etcdserver: leader changed\" (build-failed)") { _, _ in
            answer(500, "etcdserver: leader changed", "InternalError")
        },
        Group(
            title:
                "node: Build failed to start. Its pod is gone before it began (it had a node, and its image was pulled since #) (build-failed)"
        ) { id, _ in
            .podGone(
                hasBegun: false,
                known: "it had a node, and its image was pulled since 2026-11-28T00:00:\(10 + id % 50)Z")
        },
    ]

    @Test(arguments: groups)
    func buildsPodsAndNodesDoNotSplitAGroup(_ group: Group) {
        let names = [(8_609_231, "gke-pool-a"), (77, "worker.example.com"), (123_456, "ip-10-0-2-27")]
        for (id, name) in names { #expect(Self.title(group.cause(id, name)) == String(group.title.prefix(300))) }
    }

    @Test func eachGroupIsOne() {
        let fingerprints = Self.groups.map { group in
            let cause = group.cause(1234, "a-b")
            return Self.report(Problem(cause.failureClass, cause.root)).fingerprint
        }
        #expect(Set(fingerprints).count == fingerprints.count)
    }

    /// What fails on the way, as the drivers tell it.
    @Test(arguments: [
        (Fact.timer(.unconfirmed).problem, "broker: the init timer was not confirmed by RabbitMQ (retried)"),
        (Fact.parking(.unroutable).problem, "broker: RabbitMQ has no queue for the message (retried)"),
        (
            KubernetesError(
                operation: "get pod", code: .unreachable(.timedOut),
                message:
                    "GET https://10.0.0.1/api/v1/namespaces/b/pods/1-x: timed out (after 10.0 seconds, without an answer)"
            ).problem,
            "network: get pod: GET #: timed out (after # seconds, without an answer) (retried)"
        ),
        (
            KubernetesError(
                operation: "create pod", code: .noToken,
                message:
                    "no token for the cluster: /var/run/token cannot be read. Set K8S_TOKEN, or mount a service account"
            ).problem,
            "rights: create pod: no token for the cluster: /var/run/token cannot be read. Set #, or mount a service account (retried)"
        ),
        (
            KubernetesError(
                operation: "create pod", code: .unreachable(.invalidURL), message: "POST nonsense: not a usable address"
            ).problem, "worker: create pod: POST nonsense: not a usable address (retried)"
        ),
        (
            BuildAPIError(
                operation: "update build 4711", code: .status, status: 503, message: "upstream 10.1.2.3:80 is away"
            ).problem, "build-api: update build #: 503 \"upstream # is away\" (retried)"
        ),
        (
            BuildAPIError(
                operation: "ask for build 4711", code: .token, status: 401,
                message: "Token expired; it expired at 2026-11-28T00:00:00.000Z"
            ).problem,
            "token: ask for build #: the API does not take the build's token and says: 401 \"Token expired; it expired at # (retried)"
        ),
        (
            BuildAPIError(
                operation: "update build 4711", code: .unreachable(.invalidURL),
                message: "PUT nonsense: not a usable address"
            ).problem, "message: update build #: PUT nonsense: not a usable address (retried)"
        ),
    ])
    func aProblemsTitleSaysTheCause(problem: Problem?, title: String) throws {
        let problem = try #require(problem)
        #expect(Self.report(problem).title == title)
        #expect(problem.failureClass == .token || !title.contains("does not take") && !title.contains("refuse"))
    }
}
