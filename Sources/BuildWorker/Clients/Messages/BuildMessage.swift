package import Support
package import Workflow

/// A request from a controller, or with `verify` from this worker.
///
/// Prints its job and build only: the document contains the build's token.
package struct BuildMessage: Sendable, CustomStringConvertible, CustomReflectable {
    package enum Job: Sendable {
        case start(BuildConfig)
        case stop(BuildConfig)
        case verify(BuildConfig)
        case clear(CacheConfig)
    }

    package let job: Job
    /// The whole message as received, with unknown fields. Contains the token: forward it, never log it.
    package let document: JSONValue

    package var description: String {
        switch self.job {
        case .start(let build): "start of build \(build.buildID)"
        case .stop(let build): "stop of build \(build.buildID)"
        case .verify(let build): "verify of build \(build.buildID)"
        case .clear(let cache): "clear of cache \(cache.scope.rawValue)/\(cache.pipelineID)"
        }
    }
    package var customMirror: Mirror { Mirror(self, children: ["job": self.job]) }
}

/// A build as described by its controller: the fields the worker uses.
package struct BuildConfig: Sendable {
    package let buildID: BuildID
    /// For logging only; optional in messages.
    package var jobID: String?
    package var jobName: String?
    package var eventID: String?
    /// `pipeline.id`
    package var pipelineID: String?
    /// `pipeline.name`
    package var pipelineName: String?
    /// `template.fullName`
    package var templateName: String?
    /// `template.version`
    package var templateVersion: String?
    package var pullRequestNumber: String?
    /// The image to run; present in every `start`.
    package var container: String?
    /// Base address of the build API, without a trailing slash; present in every `start`.
    package var apiURI: String?
    /// The build's token for the build API; present in every `start`.
    package var token: Secret?
    /// `annotations`, unchanged.
    package var annotations: JSONValue = [:]
}

/// A cache directory to remove.
package struct CacheConfig: Sendable, Hashable {
    package enum Scope: String, Sendable, CaseIterable { case pipelines, jobs, events }

    package let scope: Scope
    package let prefix: String
    package let pipelineID: String
    package let id: String
}
