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
    public var jobID: String?
    public var jobName: String?
    public var eventID: String?
    /// `pipeline.id`
    public var pipelineID: String?
    /// `pipeline.name`
    public var pipelineName: String?
    /// `template.fullName`
    public var templateName: String?
    /// `template.version`
    public var templateVersion: String?
    public var pullRequestNumber: String?
    /// The image to run; present in every `start`.
    public var container: String?
    /// Base address of the build API, without a trailing slash; present in every `start`.
    public var apiURI: String?
    /// Speaks to the build API as this build; present in every `start`.
    public var token: Secret?
    /// `annotations`, as they came.
    public var annotations: JSONValue = [:]
}

/// A cache directory to remove.
public struct CacheConfig: Sendable, Hashable {
    public enum Scope: String, Sendable, CaseIterable { case pipelines, jobs, events }

    public let scope: Scope
    public let prefix: String
    public let pipelineID: String
    public let id: String
}
