/// How far a pod is, as the API server shows it.
enum PodStage {
    case unscheduled, scheduled, running, succeeded, failed, imageError, containerError

    var hasBegun: Bool {
        switch self {
        case .running, .succeeded: true
        case .unscheduled, .scheduled, .failed, .imageError, .containerError: false
        }
    }

    /// It needs a node's resources, or will.
    var isAlive: Bool {
        switch self {
        case .unscheduled, .scheduled, .running, .imageError, .containerError: true
        case .succeeded, .failed: false
        }
    }
}
