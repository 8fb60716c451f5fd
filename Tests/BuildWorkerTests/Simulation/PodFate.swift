/// What becomes of a build's pod once the cluster has it.
enum PodFate {
    /// Begins after `start` milliseconds and ends well `length` milliseconds later; later than all init timers it has
    /// begun too late.
    case begins(start: Int, length: Int)
    /// Cannot pull its image.
    case imageError(after: Int)
    /// The registry is overloaded; `recovery` milliseconds later it begins.
    case imagePause(after: Int, recovery: Int)
    case containerError(after: Int)
    /// Phase Failed before it begins.
    case fails(after: Int)
    /// Begins and is evicted.
    case evicted(start: Int, after: Int)
    /// Pending for ever.
    case never
    /// The API server rejects it as invalid.
    case invalid
    /// Somebody else's pod has its name.
    case nameTaken

    /// The stages after ``PodStage/unscheduled``, each so many milliseconds after the one before.
    var stages: [(after: Int, stage: PodStage)] {
        switch self {
        case .begins(let start, let length):
            [(start / 2, .scheduled), (start - start / 2, .running), (length, .succeeded)]
        case .imageError(let after): [(after, .scheduled), (after, .imageError)]
        case .imagePause(let after, let recovery):
            [
                (after, .scheduled), (after, .imagePause), (recovery / 2, .imageBackOff),
                (recovery - recovery / 2, .running),
            ]
        case .containerError(let after): [(after, .scheduled), (after, .containerError)]
        case .fails(let after): [(after, .scheduled), (after, .failed)]
        case .evicted(let start, let after): [(start, .running), (after, .failed)]
        case .never, .invalid, .nameTaken: []
        }
    }

    /// Nothing that its pod shows may ever be a cause to fail the build, but that it takes too long.
    var isHealthy: Bool {
        switch self {
        case .begins: true
        // A look at the back-off alone does not tell it from one that is permanentFailure.
        case .imagePause, .imageError, .containerError, .fails, .evicted, .never, .invalid, .nameTaken: false
        }
    }
}
