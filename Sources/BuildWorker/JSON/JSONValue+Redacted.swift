/// What people may see of a document that came from outside: a list of what is shown. Nobody can list what is secret.
///
/// Members by the name of the object that they are in, "" for the document itself; items of an array are in the same. Of all others the name
/// is shown, and `<redacted>`.
struct ShownMembers: Sendable {
    private let names: [String: Set<String>]

    init(_ names: [String: Set<String>]) { self.names = names }

    /// A build message, as its publishers and this worker write it.
    static let message = ShownMembers([
        "": ["job", "executor", "buildConfig", "cacheConfig"],
        "buildConfig": [
            "annotations", "apiUri", "blockedBy", "buildClusterName", "buildId", "container", "eventId", "freezeWindows", "isPR", "jobArchived", "jobId",
            "jobName", "jobState", "pipeline", "pipelineId", "prNum", "prParentJobId", "template",
        ],
        "pipeline": ["id", "name", "scmContext"], "template": ["fullName", "id", "name", "namespace", "version"],
        "cacheConfig": ["action", "id", "pipelineId", "prefix", "resource", "scope"],
        "annotations": Set(["", "beta."].flatMap { beta in Self.annotations.map { "\(beta)screwdriver.cd/\($0)" } }),
    ])

    private static let annotations = [
        "buildCluster", "buildkitCpu", "buildkitRam", "cpu", "disk", "diskSpeed", "dockerCpu", "dockerEnabled", "dockerRam", "executor", "ram",
        "rootlessBuildkitEnabled", "terminationGracePeriodSeconds", "timeout",
    ]

    /// Headers that RabbitMQ and this worker set.
    static let headers = ShownMembers([
        "": [
            "x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason", "x-last-death-exchange", "x-last-death-queue",
            "x-last-death-reason", "x-delivery-count", "x-init-round", "x-init-timer", "x-image-pull-start-time", "x-earlier-attempts", "x-owed-since",
            "x-troubled-since", "x-pod-is-hopeless", "x-poison-crashes", "x-parked-id", "x-parked-history", "x-parked-reason", "x-parked-detail",
            "x-parked-from", "x-parked-at", "x-original-cc", "x-original-bcc", "x-original-message-id", "CC",
        ],
        "x-death": ["count", "exchange", "original-expiration", "queue", "reason", "routing-keys", "time"],
        "x-parked-history": ["retried-at", "x-parked-at", "x-parked-detail", "x-parked-from", "x-parked-id", "x-parked-reason"],
    ])

    /// What a spooled job carries: a note, an event or a report.
    static let job = ShownMembers([
        "": [
            "apiUri", "at", "attempt", "buildId", "cause", "causes", "class", "event", "fingerprint", "host", "id", "jobId", "jobType", "kind", "podName",
            "queue", "reportId", "stats", "statusMessage", "timeline", "title", "version", "worker",
        ],
        "stats": ["hostname", "imagePullStartTime"], "timeline": ["atMs", "outcome", "step", "tookMs"],
    ])

    /// The lists and maps of our settings.
    static let settings = ShownMembers([
        "": [
            "heartbeatIntervalInSeconds", "key", "mountPath", "name", "path", "readOnly", "reconnectTimeInSeconds", "secretName", "type", "variable",
        ]
    ])

    fileprivate func of(_ name: String) -> Set<String>? { self.names[name] }
}

extension JSONValue {
    /// With what may be seen, and nothing else.
    func redacted(_ shown: ShownMembers) -> JSONValue { self.redacted(shown, in: "", isShown: false) }

    private func redacted(_ shown: ShownMembers, in name: String, isShown: Bool) -> JSONValue {
        switch self {
        case .object(let members):
            guard let names = shown.of(name) else { return "<redacted>" }
            return .object(members.map { member in
                let isShown = names.contains(member.name)
                // A name may be a text like others.
                return Member(member.name.safeToShow(limit: 200), isShown ? member.value.redacted(shown, in: member.name, isShown: true) : "<redacted>")
            })
        case .array(let elements): return .array(elements.map { $0.redacted(shown, in: name, isShown: isShown) })
        case .string(let text): return .string(isShown ? text.withoutAddressSecrets.safeToShow(limit: 2000) : "<redacted>")
        case .number, .bool, .null: return isShown ? self : "<redacted>"
        }
    }
}

extension String {
    /// Addresses in it without user, password, query and fragment.
    var withoutAddressSecrets: String {
        self.replacing(/\/\/[^\s"\/]*@/, with: "//<redacted>@").replacing(/(\/\/[^\s"?#]+)[?#][^\s"]*/) { "\($0.output.1)?<redacted>" }
    }
}
