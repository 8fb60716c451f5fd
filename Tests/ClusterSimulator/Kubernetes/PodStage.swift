/// A distinguishable state of a pod, as far as a client can see it.
enum PodStage: Equatable {
    case unscheduled, unschedulable
    /// On a node; its containers are being prepared.
    case scheduled
    case running, succeeded, failed, evicted, unknown
    case imagePullError, imagePullBackOff, registryBusy
    /// The build's container runs, its neighbours do not.
    case sidecarTrouble
    case launcherPullError, launcherPullBackOff
    case invalidImage, crashLoop, configError

    var hasNode: Bool {
        switch self {
        case .unscheduled, .unschedulable: false
        case .scheduled, .running, .succeeded, .failed, .evicted, .unknown, .imagePullError, .imagePullBackOff,
            .registryBusy, .sidecarTrouble,
            .launcherPullError, .launcherPullBackOff, .invalidImage, .crashLoop, .configError:
            true
        }
    }

    /// `status.phase`. A pod in a crash loop is `Running`: its container has run.
    var phase: String {
        switch self {
        case .unscheduled, .unschedulable, .scheduled, .imagePullError, .imagePullBackOff, .registryBusy,
            .sidecarTrouble, .launcherPullError,
            .launcherPullBackOff, .invalidImage, .configError:
            "Pending"
        case .running, .crashLoop: "Running"
        case .succeeded: "Succeeded"
        case .failed, .evicted: "Failed"
        case .unknown: "Unknown"
        }
    }

    /// Whether the init containers have done their work.
    var isInitialized: Bool {
        switch self {
        case .running, .succeeded, .failed, .evicted, .unknown, .crashLoop, .imagePullError, .imagePullBackOff,
            .registryBusy, .sidecarTrouble,
            .invalidImage, .configError:
            true
        case .unscheduled, .unschedulable, .scheduled, .launcherPullError, .launcherPullBackOff: false
        }
    }
}
