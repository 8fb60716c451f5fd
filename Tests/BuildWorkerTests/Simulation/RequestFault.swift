/// What may become of a request on its way.
enum RequestFault {
    /// Nothing happens, and the worker knows that something went wrong.
    case unheard
    /// The same, for everybody.
    case outage
    /// It happens, and the worker does not know.
    case answerLost
    /// It happens when the worker has given up already.
    case late

    /// It never has its effect.
    var isUnheard: Bool {
        switch self {
        case .unheard, .outage: true
        case .answerLost, .late: false
        }
    }
}
