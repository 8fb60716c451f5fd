/// The states of a build.
enum BuildStatus: String, CaseIterable {
    case created = "CREATED"
    case queued = "QUEUED"
    case blocked = "BLOCKED"
    case frozen = "FROZEN"
    case running = "RUNNING"
    case success = "SUCCESS"
    case failure = "FAILURE"
    case aborted = "ABORTED"
    case unstable = "UNSTABLE"
    case collapsed = "COLLAPSED"

    /// Whether the API takes updates of such a build. An unstable one may have ended: it takes them all the same.
    var takesUpdates: Bool {
        switch self {
        case .queued, .blocked, .frozen, .running, .unstable: true
        case .created, .success, .failure, .aborted, .collapsed: false
        }
    }

    /// Whether a build's launcher gets a token.
    var awaitsLauncher: Bool {
        switch self {
        case .queued, .blocked: true
        case .created, .frozen, .running, .success, .failure, .aborted, .unstable, .collapsed: false
        }
    }

    /// Whether such a build has ended, provided that it has an end time.
    var isEnd: Bool {
        switch self {
        case .success, .failure, .aborted, .unstable, .collapsed: true
        case .created, .queued, .blocked, .frozen, .running: false
        }
    }
}
