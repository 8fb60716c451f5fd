import Testing

@testable import BuildWorker
@testable import Workflow

@Suite struct FailureFingerprintTests {
    /// Pairs that have one cause.
    @Test(arguments: [
        (
            #"create pod: 403 Forbidden "pods \"8609231-9xk2p\" is forbidden: exceeded quota: builds, requested: pods=1, used: pods=50""#,
            #"create pod: 403 Forbidden "pods \"8609232-a1b2c\" is forbidden: exceeded quota: builds, requested: pods=1, used: pods=49""#
        ),
        (
            "GET https://10.0.0.1:6443/api/v1/namespaces/x/pods/1-abc12: timed out (after 10.0 seconds)",
            "GET https://10.0.0.2:6443/api/v1/namespaces/x/pods/2-zzz99: timed out (after 10.0 seconds)"
        ),
        (
            "update build 4711: 503 \"upstream 10.1.2.3:80 is away\"",
            "update build 12: 503 \"upstream 10.1.2.4:80 is away\""
        ),
        (
            #"Failed to pull image "registry.example.com/a/b:1.2": not found"#,
            #"Failed to pull image "registry.example.com/c:latest9": not found"#
        ),
        ("update build 500: 503", "update build 77: 503"),
        (
            #"ErrImagePull: failed to pull "a/b:1": not found"#,
            #"ImagePullBackOff: Back-off pulling image "a/b:1": ErrImagePull: failed to pull "a/b:1": not found"#
        ),
        ("Node gke-pool-a is gone", "Node worker.example.com is gone"),
        (
            "messages 39363c518635919b-142-103aa131, 0fb2a25871865b0e-134-103aa131",
            "messages bd9e3bcfa967692a-134-103aa131"
        ),
        (
            "pod pending, waits for 0/3 nodes are available: 3 Insufficient cpu.",
            "pod pending, waits for 0/5 nodes are available: 5 Insufficient cpu."
        ),
    ])
    func oneCauseHasOneName(left: String, right: String) {
        let (first, second) = (FailureFingerprint.withoutIDs(left), FailureFingerprint.withoutIDs(right))
        #expect(first == second)
        #expect(!first.contains("4711") && !first.contains("8609231"))
    }

    @Test(arguments: [
        ("create pod: 500 InternalError", "create pod: 503 ServiceUnavailable"),
        ("get pod: 500 InternalError", "create pod: 500 InternalError"),
        ("the init timer was not confirmed by RabbitMQ", "the verification was not confirmed by RabbitMQ"),
        ("waits for Insufficient cpu", "waits for Insufficient memory"),
        ("exit code 137 (Error)", "exit code 1 (Error)"),
        ("Container 4711: exit code 1", "Container launcher-4711: exit code 1"),
        (
            #"admission webhook "a.example.com" denied the request"#,
            #"admission webhook "b.example.com" denied the request"#
        ),
        ("The node was low on resource: memory", "The node had a condition"),
    ])
    func differentCausesDoNot(left: String, right: String) {
        #expect(FailureFingerprint.withoutIDs(left) != FailureFingerprint.withoutIDs(right))
    }

    @Test func whatBecameOfItAndWhoseBusinessItIsCountToo() {
        let names = [("retried", FailureClass.cluster), ("retried", .network), ("postponed", .cluster)].map {
            FailureFingerprint.of(kind: $0.0, failureClass: $0.1, cause: "500")
        }
        #expect(Set(names).count == 3)
        #expect(names.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{16}/) != nil })
    }
}
