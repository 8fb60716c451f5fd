/// What is known of one build, gathered from all of the evidence.
struct BuildRecord {
    let build: Int
    let fate: BuildFate
    /// Starts and stops, in the order of publishing.
    var published: [PublishRecord] = []
    /// Its requests, in the order of their effects.
    var requests: [JournalRecord] = []
    var pods: [ClusterState.Pod] = []
    var state: ClusterState.Build?

    var reports: [ReportRecord] = []

    var end: ClusterState.End? { self.state?.ended }
    /// By a user, and not by itself or a worker.
    var isAborted: Bool { self.end?.by == .control }
    /// By a worker.
    var isFailed: Bool { self.end?.by == .client && self.state?.status == "FAILURE" }
    /// By its launcher: whatever it says, the build ended as builds do.
    var endedByItself: ClusterState.End? { self.end.flatMap { $0.by == .launcher ? $0 : nil } }
    var cause: String { self.state?.statusMessage ?? "" }
    var creations: [JournalRecord] { self.requests.filter(\.isCreation) }
    var alivePods: [ClusterState.Pod] { self.pods.filter { !$0.deleted } }

    /// The looks with which the pod was verified. The one by name that follows a 409 is a start's, which sees whose pod is in its way.
    var verifications: [JournalRecord] {
        var isStarts = false
        return self.requests.filter(\.isPodRequest).filter { request in
            defer {
                isStarts =
                    request.method == "POST"
                    ? request.status == 409 : isStarts && request.isLookByName && !request.isAnsweredWhole
            }
            return request.isLook && !(isStarts && request.isLookByName)
        }
    }

    init(_ build: Int, _ fate: BuildFate) { (self.build, self.fate) = (build, fate) }
}
