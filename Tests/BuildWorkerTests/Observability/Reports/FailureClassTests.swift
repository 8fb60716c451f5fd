import Testing

@testable import BuildWorker

@Suite struct FailureClassTests {
    /// The texts are those that the drivers' errors make.
    @Test(arguments: [
        (KubernetesError(operation: "create pod", code: .quotaExceeded, status: 403, reason: "Forbidden", message: "pods \"x\" is forbidden: exceeded quota: b").description, FailureClass.quota),
        (KubernetesError(operation: "create pod", code: .forbidden, status: 403, reason: "Forbidden", message: "pods is forbidden: User \"u\" cannot create").description, .rights),
        (KubernetesError(operation: "get pod", code: .unauthorized, status: 401, reason: "Unauthorized", message: "Unauthorized").description, .rights),
        (KubernetesError(operation: "create pod", code: .namespaceNotFound, status: 404, reason: "NotFound", message: "namespaces \"b\" not found").description, .rights),
        (KubernetesError(operation: "create pod", code: .serverError, status: 500, reason: "InternalError", message: "etcd").description, .cluster),
        (KubernetesError(operation: "create pod", code: .tooManyRequests, status: 429, reason: "TooManyRequests").description, .cluster),
        (HTTPError(operation: "POST https://k/api/v1/namespaces/b/pods", code: .timedOut, detail: "after 10 s").description, .network),
        (KubernetesError(operation: "create pod", code: .unreachable(.connectionRefused), message: HTTPError(operation: "POST http://k", code: .connectionRefused).description).description, .network),
        (BuildAPIError(operation: "update build 4711", code: .status(503), message: "away").description, .buildAPI),
        (BuildAPIError(operation: "get build 4711", code: .unreachable(.timedOut), message: HTTPError(operation: "GET http://a", code: .timedOut).description).description, .buildAPI),
        ("the init timer was not confirmed by RabbitMQ", .broker),
        ("the retry queue does not exist", .broker),
        ("something else", .other),
    ])
    func whoseBusinessItIs(cause: String, expected: FailureClass) { #expect(FailureClass(cause: cause) == expected, "\(cause)") }

    @Test(arguments: [
        (FailureCause.imageUnavailable(detail: ""), FailureClass.image), (.containerCannotStart(detail: ""), .container),
        (.podFailed(phase: "failed", detail: ""), .container), (.podRejected(detail: ""), .rejected), (.podDisappeared, .scheduling),
        (.neverBegan(waited: .seconds(1800), waitsFor: "cpu"), .scheduling), (.poison(crashes: 3), .poison),
        (.retriesExhausted(retries: 5, detail: "create pod: 403 Forbidden \"exceeded quota\""), .quota),
    ])
    func ofABuildThatFailed(cause: FailureCause, expected: FailureClass) { #expect(FailureClass(cause) == expected) }
}
