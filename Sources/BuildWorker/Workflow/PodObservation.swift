/// What a look at a build's pod, or at all of them, showed.
public enum PodObservation: Hashable, Sendable {
    /// Healthy, but not begun: `waitsFor` says what it needs, in words for people.
    case pending(node: String?, waitsFor: String)
    case running(node: String?)
    case succeeded(node: String?)
    /// Phase Failed or Unknown (`phase` in lower case).
    case failed(phase: String, detail: String)
    /// A container's image cannot be had.
    case imageError(detail: String)
    /// A container cannot be made or keeps crashing.
    case containerError(detail: String)
    /// Being deleted.
    case terminating
    /// The name is taken by a pod that is not this build's.
    case foreign
    /// There is none.
    case absent
    /// The API server did not say.
    case unseen(detail: String)
}

extension PodObservation {
    /// What several pods of one build mean together.
    ///
    /// There is more than one only where an older worker doubled a build. One that has begun is enough;
    /// else one that may begin; else the gravest tells why not.
    public static func combining(_ pods: [PodObservation]) -> PodObservation {
        pods.max { $0.weight < $1.weight } ?? .absent
    }

    private var weight: Int {
        switch self {
        case .running: 9
        case .succeeded: 8
        case .pending: 7
        case .imageError: 6
        case .containerError: 5
        case .failed: 4
        case .unseen: 3
        case .terminating: 2
        case .foreign: 1
        case .absent: 0
        }
    }
}
