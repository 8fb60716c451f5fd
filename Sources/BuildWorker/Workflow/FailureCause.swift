internal import Support

/// Why a build is failed. The text becomes the build's status message, shown to its owner.
package enum FailureCause: Hashable, Sendable {
    /// The API server or a cluster policy rejects the pod permanently.
    case podRejected(Problem)
    case retriesExhausted(retries: Int, Problem)
    case pod(PodFailure)
    /// Still pending when the last init timer fired.
    case neverBegan(waited: Duration, waitsFor: String)
    /// The pod does not exist, and the build has not ended. `known`: the last observation of the pod, if any.
    case podGone(hasBegun: Bool, known: String?)
    /// Handling the message has crashed the worker this many times.
    case poison(crashes: Int)
}

extension FailureCause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .podRejected(let problem):
            "Build failed to start. The cluster rejected its pod: \(problem)"
        case .retriesExhausted(let retries, let problem):
            "Build failed to start after \(retries) \(retries == 1 ? "retry" : "retries"): \(problem)"
        case .pod(let failure):
            switch failure.kind {
            case .ended(let phase): Self.sentence("Failed to create pod. Pod status is: \(phase)", failure.detail)
            case .image: Self.sentence("Build failed to start. Please check if your image is valid.", failure.detail)
            case .container:
                Self.sentence("Build failed to start. Please reach out to your cluster admin for help.", failure.detail)
            }
        case .neverBegan(let waited, let waitsFor):
            "Build failed to start. Its pod was still pending after \(waited.formatted); it waited for \(waitsFor)"
        case .podGone(hasBegun: true, let known):
            Self.sentence("Build did not finish. It was running, and its pod is gone", known.map { "(\($0))" } ?? "")
        case .podGone(hasBegun: false, let known?):
            "Build failed to start. Its pod is gone before it began (\(known))"
        case .podGone(hasBegun: false, nil):
            "Build failed to start. Its pod disappeared before it began"
        case .poison(let crashes):
            "Build failed to start. Its message crashed the worker \(crashes) times and is kept aside for the cluster admin"
        }
    }

    private static func sentence(_ words: String, _ detail: String) -> String {
        detail.isEmpty ? words : "\(words) \(detail)"
    }

    package var failureClass: FailureClass {
        switch self {
        case .podRejected(let problem), .retriesExhausted(_, let problem): problem.failureClass
        case .pod(let failure): failure.failureClass
        case .neverBegan: .scheduling
        case .podGone: .node
        case .poison: .poison
        }
    }

    /// The pod was observed dead, or not found: conclusive even if the build API says the build is running.
    var sawTheEnd: Bool {
        switch self {
        case .podGone: true
        case .pod(let failure): if case .ended = failure.kind { true } else { failure.hasBegun }
        case .podRejected, .retriesExhausted, .neverBegan, .poison: false
        }
    }

    /// The underlying problem, without the sentence for the build's owner.
    package var root: String {
        switch self {
        case .podRejected(let problem), .retriesExhausted(_, let problem): problem.detail
        case .pod(let failure): failure.summary.isEmpty ? self.description : failure.summary
        case .neverBegan(_, let waitsFor): "pending to the end, waiting for \(waitsFor)"
        case .podGone, .poison: self.description
        }
    }
}
