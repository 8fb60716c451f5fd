/// The result of one run of a spooled job.
enum JobOutcome: Hashable, Sendable {
    case done
    /// Obsolete, or rejected for good: the job ends with a log line.
    case refused(String)
    /// Retried after a delay until the attempts are used up.
    case failed(String)
    /// Retrying cannot help: dead at once, for an operator to decide.
    case permanentFailure(String)

    var word: String {
        switch self {
        case .done: "done"
        case .refused: "refused"
        case .failed: "failed"
        case .permanentFailure: "dead"
        }
    }
}
