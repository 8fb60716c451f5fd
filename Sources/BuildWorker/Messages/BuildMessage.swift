/// What a controller (or this worker, with `verify`) asks for.
///
/// Prints as its job and build only: the document holds the build's token.
public struct BuildMessage: Sendable, CustomStringConvertible, CustomReflectable {
    public enum Job: Sendable {
        case start(BuildConfig)
        case stop(BuildConfig)
        case verify(BuildConfig)
        case clear(CacheConfig)
    }

    public let job: Job
    /// The whole message as it came, unknown fields included. Holds the token: pass it on, never log it.
    public let document: JSONValue

    public var description: String {
        switch self.job {
        case .start(let build): "start of build \(build.buildID)"
        case .stop(let build): "stop of build \(build.buildID)"
        case .verify(let build): "verify of build \(build.buildID)"
        case .clear(let cache): "clear of cache \(cache.scope.rawValue)/\(cache.pipelineID)"
        }
    }
    public var customMirror: Mirror { Mirror(self, children: ["job": self.job]) }
}

/// A build as its controller describes it: the fields that the worker uses.
public struct BuildConfig: Sendable {
    public let buildID: BuildID
    /// For the log only; a message may do without.
    public let jobID: String?
    public let jobName: String?
    public let eventID: String?
    /// `pipeline.id`
    public let pipelineID: String?
    /// `pipeline.name`
    public let pipelineName: String?
    /// `template.fullName`
    public let templateName: String?
    /// `template.version`
    public let templateVersion: String?
    public let pullRequestNumber: String?
    /// The image to run; present in every `start`.
    public let container: String?
    /// Base address of the build API, without a trailing slash; present in every `start`.
    public let apiURI: String?
    /// Speaks to the build API as this build; present in every `start`.
    public let token: Secret?
    /// `annotations`, as they came.
    public let annotations: JSONValue

    public init(
        buildID: BuildID, jobID: String? = nil, jobName: String? = nil, eventID: String? = nil, pipelineID: String? = nil,
        pipelineName: String? = nil, templateName: String? = nil, templateVersion: String? = nil,
        pullRequestNumber: String? = nil, container: String? = nil, apiURI: String? = nil, token: Secret? = nil,
        annotations: JSONValue = [:]
    ) {
        self.buildID = buildID
        self.jobID = jobID
        self.jobName = jobName
        self.eventID = eventID
        self.pipelineID = pipelineID
        self.pipelineName = pipelineName
        self.templateName = templateName
        self.templateVersion = templateVersion
        self.pullRequestNumber = pullRequestNumber
        self.container = container
        self.apiURI = apiURI
        self.token = token
        self.annotations = annotations
    }
}

/// A cache directory to remove.
public struct CacheConfig: Sendable, Hashable {
    public enum Scope: String, Sendable, CaseIterable { case pipelines, jobs, events }

    public let scope: Scope
    public let prefix: String
    public let pipelineID: String
    public let id: String

    public init(scope: Scope, prefix: String, pipelineID: String, id: String) {
        (self.scope, self.prefix, self.pipelineID, self.id) = (scope, prefix, pipelineID, id)
    }
}
