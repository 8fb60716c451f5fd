import Testing

@testable import BuildWorker
@testable import Clients
@testable import Workflow

/// What runtimes and registries say of pulls that failed, and whether a moment later may do better.
@Suite struct PullOutlookTests {
    private static func outlook(_ message: String, _ reason: String = "ErrImagePull") -> PodFailure.Outlook {
        PodContainer.Waiting(reason: reason, message: message).imageOutlook
    }

    private static let containerd =
        #"rpc error: code = Unknown desc = failed to pull and unpack image "r.example.com/team/ci:1": "#
    private static let resolve = #"\#(containerd)failed to resolve reference "r.example.com/team/ci:1": "#

    private static let refused = [
        // containerd
        resolve + "r.example.com/team/ci:1: not found",
        #"rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/node:99": failed to resolve reference "docker.io/library/node:99": docker.io/library/node:99: not found"#,
        resolve
            + "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        resolve + "unexpected status from HEAD request to https://r.example.com/v2/team/ci/manifests/1: 403 Forbidden",
        resolve
            + "unexpected status from HEAD request to https://r.example.com/v2/team/ci/manifests/1: 401 Unauthorized",
        resolve
            + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://r.example.com/token?scope=x: 401 Unauthorized",
        resolve
            + "failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://ghcr.io/token: 403 Forbidden: denied: denied",
        resolve
            + "failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://r.example.com/token: 400 Bad Request",
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/team/ci/manifests/1": x509: certificate signed by unknown authority"#,
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time is after 2026-01-01T00:00:00Z"#,
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/": http: server gave HTTP response to HTTPS client"#,
        containerd
            + "failed to copy: httpReadSeeker: failed open: content at https://r.example.com/v2/team/ci/blobs/sha256:ab not found: not found",
        containerd
            + "failed to copy: httpReadSeeker: failed open: unexpected status code https://r.example.com/v2/team/ci/blobs/sha256:ab?ns=docker.io: 400 Bad Request",
        containerd + "no match for platform in manifest: not found",
        containerd
            + #"mediaType in manifest should be "application/vnd.docker.distribution.manifest.v2+json" not "": invalid argument"#,
        // CRI-O
        "rpc error: code = Unknown desc = reading manifest 99 in docker.io/library/node: manifest unknown",
        "rpc error: code = Unknown desc = Error reading manifest latest in docker.io/team/ci: errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required",
        "initializing source docker://quay.io/team/ci:1: reading manifest 1 in quay.io/team/ci: unauthorized: access to the requested resource is not authorized",
        "initializing source docker://r.example.com/team/ci:1: Requesting bearer token: invalid status code from registry 403 (Forbidden)",
        #"choosing image instance: no image found in manifest list for architecture "arm64", variant "v8", OS "linux""#,
        // docker
        "rpc error: code = Unknown desc = Error response from daemon: manifest for node:99 not found: manifest unknown: manifest unknown",
        "Error response from daemon: pull access denied for ci, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        "Error response from daemon: Get https://r.example.com/v2/team/ci/manifests/1: unauthorized: authentication required",
        "Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries",
        // ECR, Artifact Registry, ACR, Harbor
        "Error response from daemon: Get https://1234.dkr.ecr.us-west-2.amazonaws.com/v2/ci/manifests/1: no basic auth credentials",
        #"Error response from daemon: pull access denied for 1234.dkr.ecr.us-west-2.amazonaws.com/ci, repository does not exist or may require 'docker login': denied: User: arn:aws:sts::1234:assumed-role/node/i-0 is not authorized to perform: ecr:BatchGetImage"#,
        resolve
            + #"failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://europe-docker.pkg.dev/v2/token: 403 Forbidden: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource (or it may not exist)"#,
        resolve
            + "unexpected status from HEAD request to https://corp.azurecr.io/v2/ci/manifests/1: 403 Forbidden: denied: client with IP '10.1.2.3' is not allowed access",
        resolve
            + "unexpected status from HEAD request to https://harbor.example.com/v2/ci/manifests/1: 412 Precondition Failed",
        "unauthorized: unauthorized to access repository: team/ci, action: pull: unauthorized to access repository: team/ci, action: pull",
        // Names that say something else.
        #"failed to resolve reference "docker.io/library/timeout:502": docker.io/library/timeout:502: not found"#,
        "reading manifest 502 in docker.io/library/node: manifest unknown",
        "reading manifest timeout in docker.io/library/node: manifest unknown",
        "Error response from daemon: manifest for too-many-requests:429 not found: manifest unknown: manifest unknown",
        "Error response from daemon: pull access denied for toomanyrequests, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        "Error response from daemon: Get https://eof.example.com/v2/i/o/timeout/manifests/503: unauthorized: authentication required",
        #"(Mirrors also failed: [mirror.example.com/library/node:99: pinging container registry mirror.example.com: Get "https://mirror.example.com/v2/": dial tcp 10.0.0.9:443: connect: connection refused]): docker.io/library/node:99: reading manifest 99 in docker.io/library/node: manifest unknown"#,
        "something that nobody has said before",
    ]

    private static let transient = [
        // Overload
        resolve
            + "unexpected status from HEAD request to https://registry-1.docker.io/v2/library/node/manifests/22: 429 Too Many Requests",
        "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit",
        "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
        "toomanyrequests: Rate exceeded",
        "toomanyrequests: retry-after: 216.6µs, allowed: 44000/minute",
        "httpReadSeeker: failed open: unexpected status code https://europe-docker.pkg.dev/v2/x/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: Quota exceeded for quota metric 'Requests per project per region'",
        "reading manifest 1 in docker.io/team/ci: toomanyrequests: too many failed login attempts for username or IP address; access denied",
        "pull QPS exceeded",
        // 5xx
        resolve
            + "unexpected status from HEAD request to https://r.example.com/v2/team/ci/manifests/1: 502 Bad Gateway",
        resolve
            + "unexpected status from HEAD request to https://r.example.com/v2/team/not-found/manifests/denied: 503 Service Unavailable",
        resolve
            + "failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://auth.example.com/token: 504 Gateway Timeout",
        resolve + "unexpected status code [manifests 1]: 500 Internal Server Error",
        "Error response from daemon: received unexpected HTTP status: 504 Gateway Time-out",
        #"Error response from daemon: error parsing HTTP 503 response body: invalid character '<' looking for beginning of value: "<html><h1>Not found</h1></html>""#,
        "initializing source docker://quay.io/team/ci:1: reading manifest 1 in quay.io/team/ci: received unexpected HTTP status: 502 Bad Gateway",
        "initializing source docker://r.example.com/team/ci:1: Requesting bearer token: invalid status code from registry 500 (Internal Server Error)",
        // Networks and names
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/team/ci/manifests/1": dial tcp: lookup r.example.com on 10.96.0.10:53: no such host"#,
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/": dial tcp: lookup r.example.com on 10.96.0.10:53: server misbehaving"#,
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/": dial tcp: lookup r.example.com: Temporary failure in name resolution"#,
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/": dial tcp: lookup r.example.com: device or resource busy"#,
        resolve + #"failed to do request: Head "https://r.example.com/v2/": dial tcp 10.1.2.3:443: i/o timeout"#,
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/": dial tcp 10.1.2.3:443: connect: connection refused"#,
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/": dial tcp 10.1.2.3:443: connect: no route to host"#,
        resolve
            + #"failed to do request: Head "https://r.example.com/v2/": dial tcp 10.1.2.3:443: connect: network is unreachable"#,
        resolve + #"failed to do request: Head "https://r.example.com/v2/": net/http: TLS handshake timeout"#,
        resolve + #"failed to do request: Head "https://r.example.com/v2/": EOF"#,
        resolve + "unexpected EOF",
        resolve
            + #"failed to authorize: failed to fetch anonymous token: Get "https://auth.example.com/token?service=r": read tcp 10.0.0.1:5000->10.1.2.3:443: read: connection reset by peer"#,
        "Error response from daemon: Get https://registry-1.docker.io/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        "Error response from daemon: Get https://registry-1.docker.io/v2/: context deadline exceeded",
        containerd + "failed to copy: read tcp 10.0.0.1:5000->10.1.2.3:443: use of closed network connection",
        containerd
            + "failed to copy: httpReadSeeker: failed open: http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR",
        containerd + "failed to copy: stream error: stream ID 7; INTERNAL_ERROR; received from peer",
        containerd + "failed to extract layer sha256:ab: write /var/lib/containerd/x: no space left on device: unknown",
        containerd
            + #"failed commit on ref "layer-sha256:ab": unexpected commit digest sha256:cd, expected sha256:ab: failed precondition"#,
        containerd + "failed to copy: context canceled",
        #"ref layer-sha256:ab locked for 12.5s (since 2026-11-28 00:00:00 +0000 UTC): unavailable"#,
        // The runtime itself
        #"rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory""#,
        "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        "rpc error: code = Canceled desc = context canceled",
        // Names that say something else.
        "reading manifest denied in docker.io/library/node: Get https://registry-1.docker.io/v2/: context deadline exceeded",
        #"failed to resolve reference "docker.io/unauthorized/not-found:forbidden": failed to do request: Head "https://registry-1.docker.io/v2/unauthorized/not-found/manifests/forbidden": EOF"#,
        "pinging container registry denied.example.com: Get https://denied.example.com/v2/: dial tcp: lookup denied.example.com on 10.96.0.10:53: no such host",
        "(Mirrors also failed: [mirror.example.com/library/node:22: reading manifest 22 in mirror.example.com/library/node: manifest unknown]): docker.io/library/node:22: received unexpected HTTP status: 502 Bad Gateway",
    ]

    @Test(arguments: refused) func whatIsNotThereStaysAway(message: String) {
        #expect(Self.outlook(message) == .permanentFailure)
    }

    @Test(arguments: transient) func whatPassesIsGivenTime(message: String) {
        #expect(Self.outlook(message) == .transient)
    }

    /// The kubelet quotes since 1.31 what it said before.
    @Test(arguments: refused.dropLast() + transient)
    func aBackOffWithItsCauseMeansTheCause(message: String) {
        #expect(
            Self.outlook(
                #"Back-off pulling image "r.example.com/team/ci:1": ErrImagePull: \#(message)"#, "ImagePullBackOff")
                == Self.outlook(message))
    }

    @Test(arguments: ["InvalidImageName", "ErrImageNeverPull", "SignatureValidationFailed"])
    func someReasonsNeedNoWords(reason: String) {
        #expect(Self.outlook("context deadline exceeded", reason) == .permanentFailure)
    }

    @Test(arguments: ["", " ", #"Back-off pulling image "x:ErrImagePull""#, #""timeout""#])
    func whoDoesNotSayWhyIsUnclear(message: String) { #expect(Self.outlook(message, "ImagePullBackOff") == .unclear) }
}
