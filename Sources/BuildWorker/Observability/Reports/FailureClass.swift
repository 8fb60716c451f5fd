/// Whose business a failure is, for counting: few words, the same for ever.
public enum FailureClass: String, Sendable, CaseIterable {
    /// The build's image cannot be had.
    case image
    /// The build's container cannot start or has failed.
    case container
    /// No node takes the pod, or nothing becomes of it.
    case scheduling
    /// The API server says the pod can never be.
    case rejected
    case quota
    /// The worker's token, rights or namespace.
    case rights
    /// The API server fails.
    case cluster
    /// Requests to the API server or the build API do not arrive, or their answers.
    case network
    case buildAPI = "build-api"
    case broker
    /// The message cannot be read.
    case message
    /// The message crashes the worker.
    case poison
    /// The worker itself.
    case worker
    case other

    /// From what a driver's error says of itself (``KubernetesError``, ``BuildAPIError``, ``HTTPError``).
    init(cause: String) {
        let isBuildAPI = cause.hasPrefix("update build") || cause.hasPrefix("get build") || cause.hasPrefix("probe")
        if HTTPError.Code.allCases.contains(where: { cause.contains(": \($0.rawValue)") }) {
            self = isBuildAPI ? .buildAPI : .network
        } else if isBuildAPI {
            self = .buildAPI
        } else if cause.contains("exceeded quota") {
            self = .quota
        } else if cause.contains(/: (401|403)\b/) || cause.contains("namespaces \"") {
            self = .rights
        } else if cause.contains(/: (429|5\d\d)\b/) {
            self = .cluster
        } else if cause.contains("RabbitMQ") || cause.contains("retry queue") {
            self = .broker
        } else {
            self = .other
        }
    }

    init(_ cause: FailureCause) {
        switch cause {
        case .podRejected: self = .rejected
        case .retriesExhausted(_, let detail): self.init(cause: detail)
        case .podFailed, .containerCannotStart: self = .container
        case .imageUnavailable: self = .image
        case .neverBegan, .podDisappeared: self = .scheduling
        case .poison: self = .poison
        }
    }
}
