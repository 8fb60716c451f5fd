import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

/// What API servers, their plugins and whoever stands before them have answered, and what each answer means.
@Suite struct RefusalTests {
    struct Answer: Sendable, CustomTestStringConvertible {
        let status: Int
        let message: String
        var reason = "Forbidden"
        var details: JSONValue = ["kind": "pods"]
        /// Of somebody in between: the message is the whole body.
        var isForeign = false
        var testDescription: String { "\(self.status) \(self.message.prefix(120))" }

        var error: KubernetesError {
            let document: JSONValue = [
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": .string(self.reason),
                "message": .string(self.message), "details": self.details,
                "code": .number("\(self.status)"),
            ]
            return KubernetesError(
                "create pod",
                HTTPResponse(
                    status: self.status, body: self.isForeign ? Array(self.message.utf8) : document.serialized()),
                hiding: [])
        }
    }

    private static func forbidden(_ messages: String...) -> [Answer] {
        messages.map { Answer(status: 403, message: $0) }
    }
    private static func pod(_ messages: String...) -> [Answer] {
        messages.map { Answer(status: 403, message: "pods \"4711-x\" is forbidden: \($0)") }
    }
    private static func foreign(_ statuses: Int..., body: String) -> [Answer] {
        statuses.map { Answer(status: $0, message: body, isForeign: true) }
    }

    private static let rights = forbidden(
        #"pods is forbidden: User "system:serviceaccount:ci:worker" cannot create resource "pods" in API group "" in the namespace "builds""#,
        #"pods "4711-x" is forbidden: User "system:serviceaccount:ci:worker" cannot get resource "pods/status" in API group "" in the namespace "builds""#,
        #"pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "exceeded-timeout": RBAC: [role.rbac.authorization.k8s.io "x" not found]"#,
        #"pods is forbidden: User "jo@example.com" cannot create resource "pods" in API group "" in the namespace "b": User does not have access to the resource in Azure. Update role assignment to allow access."#,
        #"pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "b": requires one of ["container.pods.create"] permission(s)."#,
        #"forbidden: User "system:anonymous" cannot post path "/api/v1/namespaces/b/pods""#,
        #"users "a" is forbidden: User "system:serviceaccount:ci:worker" cannot impersonate resource "users" in API group "" at the cluster scope"#,
        #"pods "4711-x" is forbidden: node "node-1" can only create pods with spec.nodeName set to itself"#,
        "[00] access denied to perform action \"create\" on \"pods\"")

    private static let quota = pod(
        "exceeded quota: builds, requested: pods=1, used: pods=50, limited: pods=50",
        "exceeded quota: gke-resource-quotas, requested: pods=1, used: pods=1500, limited: pods=1500",
        "exceeded quota: timeout, requested: limits.memory=8Gi, used: limits.memory=60Gi, limited: limits.memory=64Gi",
        "status unknown for quota: builds, resources: limits.cpu,limits.memory,pods")

    private static let policy =
        pod(
            #"error looking up service account builds/sd: serviceaccount "sd" not found"#,
            #"pod rejected: RuntimeClass "kata" not found"#,
            "no providers available to validate pod request", "unable to validate against any pod security policy: []",
            "PodSecurityPolicy: unable to admit pod: []",
            "unable to validate against any security context constraint: []",
            "failed quota: builds: must specify limits.cpu for: 4711; limits.memory for: 4711",
            "insufficient quota to match these scopes: [{PriorityClass In [high]}]",
            #"violates PodSecurity "baseline:latest": privileged (container "4711" must not set securityContext.privileged=true)"#,
            #"violates PodSecurity "restricted:v1.30": seccompProfile (pod or container "timeout" must set securityContext.seccompProfile.type)"#,
            "PodSecurityPolicy: unable to admit pod: [spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed]",
            #"unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount, provider restricted-v2: .containers[0].runAsUser: Invalid value: 0: must be in the ranges: [1000680000, 1000689999]]"#,
            "maximum cpu usage per Container is 2, but limit is 4",
            "[maximum cpu usage per Pod is 2, but limit is 4, maximum memory usage per Pod is 4Gi, but limit is 8589934592]",
            "minimum memory usage per Container is 4Mi, but request is 1Mi",
            "maximum memory usage per Container is 1Gi.  No limit is specified",
            "cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000",
            "no PriorityClass with name timeout was found",
            "the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name",
            "pod node label selector conflicts with its namespace node label selector",
            "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist",
            "image policy webhook backend denied one or more images: connection to it is fine",
            "spec.hostNetwork: Forbidden: host network is not allowed")
        + [400, 401, 403, 404, 405, 406, 413, 422].map {
            Answer(
                status: $0,
                message:
                    #"admission webhook "validation.gatekeeper.sh" denied the request: [no-latest] image tag timeout is not allowed, exceeded quota"#
            )
        }
        + [
            Answer(
                status: 400,
                message:
                    "admission webhook \"validate.kyverno.svc-fail\" denied the request: \n\nresource Pod/builds/4711-x was blocked due to the following policies",
                reason: ""),
            Answer(
                status: 400,
                message: #"admission webhook "image-signature.example.com" denied the request without explanation"#,
                reason: ""),
            Answer(
                status: 400,
                message:
                    #"admission webhook "warden-validating.common-webhooks.networking.gke.io" denied the request: GKE Warden rejected the request because it violates one or more constraints."#
            ),
            Answer(
                status: 404,
                message: #"admission webhook "a.example.com" denied the request: namespaces "x" not found"#,
                reason: "NotFound"),
        ]
        + [403, 413, 422, 401].map {
            Answer(
                status: $0,
                message:
                    "pods \"4711-x\" is forbidden: ValidatingAdmissionPolicy 'no-root' with binding 'all' denied request: failed expression: object.spec.timeout"
            )
        }

    private static let notReady = pod(
        "service account builds/sd was not found, retry after the service account is created",
        "not yet ready to handle request", "error looking up service account builds/sd: etcdserver: request timed out",
        #"error looking up service account builds/sd: Get "https://10.0.0.1:443/api": dial tcp 10.0.0.1:443: connect: connection refused"#,
        #"error looking up service account builds/sd: Get "https://10.0.0.1:443/api": context deadline exceeded"#,
        #"Post "https://images.example.com/review?timeout=30s": dial tcp: lookup images.example.com: no such host"#,
        "unable to create pods at this time because there was an error enforcing limit ranges",
        "error looking up service account builds/sd: the server is currently unable to handle the request")

    private static let terminating =
        pod("unable to create new content in namespace builds because it is being terminated")
        + [
            Answer(
                status: 403, message: #"pods "4711-x" is forbidden: unable to create new content in namespace builds"#,
                details: [
                    "kind": "pods",
                    "causes": [["reason": "NamespaceTerminating", "message": "namespace builds is being terminated"]],
                ]),
            Answer(
                status: 404, message: #"namespaces "builds" not found"#, reason: "NotFound",
                details: ["kind": "namespaces"]),
        ]

    private static let serverError =
        [
            (
                500,
                #"Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post "https://kyverno-svc.kyverno.svc:443/validate?timeout=10s": context deadline exceeded"#
            ),
            (
                500,
                #"Internal error occurred: failed calling webhook "sidecar-injector.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/inject?timeout=10s": no endpoints available for service "istiod""#
            ),
            (500, #"admission webhook "a.example.com" denied the request: runtime error: invalid memory address"#),
            (503, #"admission webhook "a.example.com" denied the request: not now"#),
            (500, "Internal error occurred: resource quota evaluation timed out"), (500, "etcdserver: leader changed"),
            (500, "etcdserver: request timed out"),
            (504, "Timeout: request did not complete within requested timeout - context deadline exceeded"),
            (503, "the server is currently unable to handle the request"),
            (500, #"Internal error occurred: admission plugin "PodSecurity" failed to complete validation in 13s"#),
        ].map { Answer(status: $0.0, message: $0.1, reason: "InternalError") }
        + foreign(502, 503, 504, body: "<html><head><title>Bad Gateway</title></head></html>")
        + foreign(503, body: "upstream connect error or disconnect/reset before headers")

    private static let tooMany =
        [
            Answer(
                status: 429, message: "the server has received too many requests and has asked us to try again later",
                reason: "TooManyRequests"),
            Answer(
                status: 429, message: #"admission webhook "a.example.com" denied the request: slow down"#,
                reason: "TooManyRequests"),
        ] + foreign(429, body: "Too many requests, please try again later.\n")

    private static let foreignAnswers =
        foreign(400, body: "Client sent an HTTP request to an HTTPS server.\n")
        + foreign(403, 404, 405, 407, 413, 422, 451, body: "<html><body>No</body></html>")
        + foreign(404, body: "404 page not found\n") + foreign(404, body: "default backend - 404")
        + foreign(403, body: "RBAC: access denied") + foreign(404, 403, body: "")
        + foreign(
            403,
            body:
                #"{"error":{"code":403,"message":"Permission 'gkehub.gateway.post' denied","status":"PERMISSION_DENIED"}}"#
        )
        + foreign(
            404, body: #"{"type":"error","status":"404","message":"clusters.management.cattle.io \"c-x\" not found"}"#)

    private static let invalid =
        [
            (422, #"Pod "4711-x" is invalid: spec.containers[0].image: Required value"#),
            (400, "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal"),
            (413, "Request entity too large: limit is 3145728"),
        ].map { Answer(status: $0.0, message: $0.1, reason: "Invalid") }

    private static let conflicts = [
        Answer(
            status: 409,
            message:
                #"Operation cannot be fulfilled on resourcequotas "builds": the object has been modified; please apply your changes to the latest version and try again"#,
            reason: "Conflict"),
        Answer(
            status: 409, message: #"admission webhook "a.example.com" denied the request: being changed"#, reason: ""),
        Answer(
            status: 409, message: #"admission webhook "a.example.com" denied the request: being changed"#,
            reason: "AlreadyExists"),
    ]

    struct Meaning: Sendable, CustomTestStringConvertible {
        let code: KubernetesError.Code
        var isRetriable = true
        var isMisconfiguration = false
        var isPotentialOutage = false
        let failureClass: FailureClass
        let answers: [Answer]
        var testDescription: String { "\(self.code)" }
    }

    private static let meanings = [
        Meaning(code: .forbidden, isMisconfiguration: true, failureClass: .rights, answers: rights),
        Meaning(code: .quotaExceeded, failureClass: .quota, answers: quota),
        Meaning(code: .denied, isRetriable: false, failureClass: .policy, answers: policy),
        Meaning(code: .notReady, isPotentialOutage: true, failureClass: .cluster, answers: notReady),
        Meaning(code: .namespaceNotFound, isMisconfiguration: true, failureClass: .rights, answers: terminating),
        Meaning(code: .serverError, isPotentialOutage: true, failureClass: .cluster, answers: serverError),
        Meaning(code: .tooManyRequests, isPotentialOutage: true, failureClass: .cluster, answers: tooMany),
        Meaning(code: .foreignAnswer, isPotentialOutage: true, failureClass: .cluster, answers: foreignAnswers),
        Meaning(code: .invalid, isRetriable: false, failureClass: .rejected, answers: invalid),
        Meaning(code: .conflict, failureClass: .cluster, answers: conflicts),
        Meaning(
            code: .alreadyExists, failureClass: .cluster,
            answers: [Answer(status: 409, message: #"pods "4711-x" already exists"#, reason: "AlreadyExists")]),
        Meaning(
            code: .unauthorized, isMisconfiguration: true, isPotentialOutage: true, failureClass: .rights,
            answers: [Answer(status: 401, message: "Unauthorized", reason: "Unauthorized")] + foreign(401, body: "")),
        Meaning(
            code: .notFound, failureClass: .cluster,
            answers: [Answer(status: 404, message: #"pods "4711-x" not found"#, reason: "NotFound")]),
        Meaning(
            code: .unexpectedStatus, failureClass: .cluster,
            answers: foreign(302, 307, body: "") + [
                Answer(
                    status: 405, message: "the server does not allow this method on the requested resource",
                    reason: "MethodNotAllowed")
            ]),
    ]

    @Test(arguments: meanings)
    func eachAnswerHasItsMeaning(_ meaning: Meaning) {
        for answer in meaning.answers {
            let error = answer.error
            #expect(error.code == meaning.code, "\(answer.testDescription)")
            #expect(error.problem.failureClass == meaning.failureClass, "\(answer.testDescription)")
            #expect(
                [error.isRetriable, error.isMisconfiguration, error.isPotentialOutage] == [
                    meaning.isRetriable, meaning.isMisconfiguration, meaning.isPotentialOutage,
                ], "\(answer.testDescription)")
        }
    }

    /// What never left this worker is not told as an answer of the cluster's.
    @Test(arguments: HTTPError.Code.allCases)
    func whatIsLocalIsOurs(code: HTTPError.Code) {
        let error = KubernetesError(operation: "create pod", code: .unreachable(code), message: "x")
        #expect(error.problem.failureClass == (code.isLocal ? .worker : .network))
        #expect(error.isRetriable && (!code.isLocal || !error.isPotentialOutage))
        #expect(error.isMisconfiguration == (code == .invalidURL), "its own settings name that address")
    }
}
