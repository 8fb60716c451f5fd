/// The node's directories that hold a build's caches, where the cache is a disk.
struct CacheDirectories: Hashable, Sendable {
    let root: String
    let pipeline: String
    let job: String
    let event: String
    /// A pull request sees its parent job's caches and must not change them; its event's cache is its own.
    let isReadOnly: Bool

    /// `nil` where the cache is not on the node's disk, and for a build that lacks an id: the directory above is everybody's, and a build's launcher
    /// lets all write to what it is given.
    init?(build: BuildConfig, prefix: String, cache: EcosystemOptions.Cache) throws(PodManifestError) {
        guard cache.strategy == "disk", !cache.path.isEmpty else { return nil }
        self.root = prefix.isEmpty ? cache.path : "\(cache.path)/\(prefix)"
        self.isReadOnly = Self.isPullRequest(jobName: build.jobName ?? "")
        let parent = Self.parentJobID(of: build)
        let pipeline = try Self.component(build.pipelineID, "pipeline.id")
        let job = try Self.component(parent ?? build.jobID, parent == nil ? "jobId" : "token.prParentJobId")
        let event = try Self.component(build.eventID, "eventId")
        guard let pipeline, let job, let event else { return nil }
        (self.pipeline, self.job, self.event) = ("\(root)/pipelines/\(pipeline)", "\(root)/jobs/\(pipeline)/\(job)", "\(root)/events/\(pipeline)/\(event)")
    }

    /// What a message says must not lead elsewhere, whatever else it leaves out.
    private static func component(_ text: String?, _ field: String) throws(PodManifestError) -> String? {
        guard text.map(PathComponent.staysInside) ?? true else { throw .unsafePathComponent(field: field) }
        return text.flatMap { $0.isEmpty ? nil : $0 }
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
