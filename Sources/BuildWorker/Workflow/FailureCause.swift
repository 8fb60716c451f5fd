/// Why a build is failed. The words go to the build's status message, which its owner reads.
public enum FailureCause: Hashable, Sendable {
    /// The API server says the pod can never be.
    case podRejected(detail: String)
    /// Tried as often as the limit allows.
    case retriesExhausted(retries: Int, detail: String)
    case podFailed(phase: String, detail: String)
    case imageUnavailable(detail: String)
    case containerCannotStart(detail: String)
    /// Pending until the last init timer had fired.
    case neverBegan(waited: Duration, waitsFor: String)
    case podDisappeared
    /// Handling the build's message has ended the worker's process so many times.
    case poison(crashes: Int)
}

extension FailureCause: CustomStringConvertible {
    public var description: String {
        switch self {
        case .podRejected(let detail):
            "Build failed to start. The cluster rejected its pod: \(detail)"
        case .retriesExhausted(let retries, let detail):
            "Build failed to start after \(retries) \(retries == 1 ? "retry" : "retries"): \(detail)"
        case .podFailed(let phase, let detail):
            Self.sentence("Failed to create pod. Pod status is: \(phase)", detail)
        case .imageUnavailable(let detail):
            Self.sentence("Build failed to start. Please check if your image is valid.", detail)
        case .containerCannotStart(let detail):
            Self.sentence("Build failed to start. Please reach out to your cluster admin for help.", detail)
        case .neverBegan(let waited, let waitsFor):
            "Build failed to start. Its pod was still pending after \(waited.inWords); it waited for \(waitsFor)"
        case .podDisappeared:
            "Build failed to start. Its pod disappeared before it began"
        case .poison(let crashes):
            "Build failed to start. Its message crashed the worker \(crashes) times and is kept aside for the cluster admin"
        }
    }

    private static func sentence(_ words: String, _ detail: String) -> String { detail.isEmpty ? words : "\(words) \(detail)" }
}

extension Duration {
    /// "30 minutes" or "45 seconds"; seconds are rounded up.
    var inWords: String {
        let seconds = self.components.seconds + (self.components.attoseconds > 0 ? 1 : 0)
        let (count, unit) = seconds >= 60 && seconds % 60 == 0 ? (seconds / 60, "minute") : (seconds, "second")
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }
}
