/// The node's directories that hold a build's caches, where the cache is a disk.
struct CacheDirectories: Hashable, Sendable {
    let root: String
    let pipeline: String
    let job: String
    let event: String
    /// A pull request sees its parent job's caches and must not change them; its event's cache is its own.
    let isReadOnly: Bool

    /// `nil` where the cache is not on the node's disk.
    init?(build: BuildConfig, prefix: String, cache: EcosystemOptions.Cache) throws(PodManifestError) {
        guard cache.strategy == "disk", !cache.path.isEmpty else { return nil }
        self.root = prefix.isEmpty ? cache.path : "\(cache.path)/\(prefix)"
        let pipeline = try Self.component(build.pipelineID, "pipeline.id")
        self.isReadOnly = Self.isPullRequest(jobName: build.jobName ?? "")
        let job =
            if let parent = Self.parentJobID(of: build) { try Self.component(parent, "token.prParentJobId") } else { try Self.component(build.jobID, "jobId") }
        self.pipeline = "\(root)/pipelines/\(pipeline)"
        self.job = "\(root)/jobs/\(pipeline)/\(job)"
        self.event = "\(root)/events/\(pipeline)/\(try Self.component(build.eventID, "eventId"))"
    }

    /// A message may leave ids out; what it does say must not lead elsewhere.
    private static func component(_ text: String?, _ field: String) throws(PodManifestError) -> String {
        guard let text else { return "" }
        guard PathComponent.staysInside(text) else { throw .unsafePathComponent(field: field) }
        return text
    }

    /// The job whose caches the build sees instead of its own: a pull request's, where its token says.
    static func parentJobID(of build: BuildConfig) -> String? {
        Self.isPullRequest(jobName: build.jobName ?? "") ? build.token.flatMap(TokenClaims.init)?.prParentJobID : nil
    }

    /// `PR-15` or `PR-15:test`, in any case.
    static func isPullRequest(jobName: String) -> Bool {
        jobName.wholeMatch(of: /[Pp][Rr]-[0-9]+(:[A-Za-z0-9_\-]+)?/) != nil
    }
}
