/// How the creation of a pod fails, chosen by the image of its first container like a `Fate`.
/// A pod whose creation succeeds in spite of it then runs.
enum CreationFault: Equatable {
    /// 500 the first so many times; nil: always.
    case refuse(times: Int?)
    /// 403 exceeded quota the first so many times; nil: always.
    case quota(times: Int?)
    case forbidden, invalid, noNamespace
    /// The connection is reset, once for each pod name; with `created`, after the pod has been created.
    case reset(created: Bool)
    /// No answer ever, once for each pod name; with `created`, after the pod has been created.
    case hang(created: Bool)

    init?(name: String) {
        switch name {
        case "refuse-always": self = .refuse(times: nil)
        case "quota": self = .quota(times: nil)
        case "forbidden": self = .forbidden
        case "invalid": self = .invalid
        case "no-namespace": self = .noNamespace
        case "reset-after": self = .reset(created: true)
        case "reset-before": self = .reset(created: false)
        case "hang-after": self = .hang(created: true)
        case "hang-before": self = .hang(created: false)
        default:
            if name.hasPrefix("refuse-"), let times = Int(name.dropFirst(7)) {
                self = .refuse(times: times)
            } else if name.hasPrefix("quota-"), let times = Int(name.dropFirst(6)) {
                self = .quota(times: times)
            } else {
                return nil
            }
        }
    }

    /// The fault that an image names. `invalid-image` is a fate, not the fault `invalid`.
    init?(image: String) {
        enum Choice { case fault(CreationFault), fate }
        let choice = ImageName.longestMatch(image) { name in
            Fate(name: name) != nil ? Choice.fate : CreationFault(name: name).map(Choice.fault)
        }
        guard case .fault(let fault) = choice else { return nil }
        self = fault
    }

    /// As the journal names it.
    var name: String {
        switch self {
        case .refuse(let times): times.map { "image refuse-\($0)" } ?? "image refuse-always"
        case .quota(let times): times.map { "image quota-\($0)" } ?? "image quota"
        case .forbidden: "image forbidden"
        case .invalid: "image invalid"
        case .noNamespace: "image no-namespace"
        case .reset(let created): created ? "image reset-after" : "image reset-before"
        case .hang(let created): created ? "image hang-after" : "image hang-before"
        }
    }

    /// How many attempts fail; nil: all of them.
    var times: Int? {
        switch self {
        case .refuse(let times), .quota(let times): times
        case .forbidden, .invalid, .noNamespace: nil
        case .reset, .hang: 1
        }
    }
}
