/// What came of one run of a spooled job.
enum JobOutcome: Hashable, Sendable {
    case done
    /// Nobody wants it any more, or whoever it is for says no for good: it is over, with a line in the log.
    case refused(String)
    /// Tried again after a pause, until it had all its attempts.
    case failed(String)
    /// No further attempt can help: it is dead at once, and an operator decides.
    case permanentFailure(String)

    /// For metrics.
    var word: String {
        switch self {
        case .done: "done"
        case .refused: "refused"
        case .failed: "failed"
        case .permanentFailure: "dead"
        }
    }
}
