/// How far a pod is, as the API server shows it.
enum PodStage {
    case unscheduled, scheduled, running, succeeded, failed, imageError, imagePause, imageBackOff, containerError

    var hasBegun: Bool {
        switch self {
        case .running, .succeeded: true
        case .unscheduled, .scheduled, .failed, .imageError, .imagePause, .imageBackOff, .containerError: false
        }
    }

    /// It needs a node's resources, or will.
    var isAlive: Bool {
        switch self {
        case .unscheduled, .scheduled, .running, .imageError, .imagePause, .imageBackOff, .containerError: true
        case .succeeded, .failed: false
        }
    }
}
