/// What a request changed in the simulated world.
enum Effect: CustomStringConvertible {
    case none
    case created
    case updated
    /// How many pods were deleted.
    case deleted(Int)

    var description: String {
        switch self {
        case .none: "none"
        case .created: "created"
        case .updated: "updated"
        case .deleted(let count): "deleted:\(count)"
        }
    }
}

/// What an API did with a request: its outcome, its effect, and the fault that stood in the way.
struct Performance {
    var outcome: Outcome
    var effect: Effect = .none
    /// The fault of a pod's image, for the journal.
    var fault: String?
    /// The pod concerned, where only performing the request reveals its name.
    var pod: String?

    init(_ response: Response, effect: Effect = .none, fault: String? = nil, pod: String? = nil) {
        self.init(.answer(response), effect: effect, fault: fault, pod: pod)
    }

    init(_ outcome: Outcome, effect: Effect = .none, fault: String? = nil, pod: String? = nil) {
        self.outcome = outcome
        self.effect = effect
        self.fault = fault
        self.pod = pod
    }
}
