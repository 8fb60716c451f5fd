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

    var isStopped: Bool { self.published.contains { $0.job == .stop } }
    var isFailed: Bool { self.state?.status == "FAILURE" }
    var cause: String { self.state?.statusMessage ?? "" }
    var creations: [JournalRecord] { self.requests.filter(\.isCreation) }
    var alivePods: [ClusterState.Pod] { self.pods.filter { !$0.deleted } }

    init(_ build: Int, _ fate: BuildFate) { (self.build, self.fate) = (build, fate) }
}
