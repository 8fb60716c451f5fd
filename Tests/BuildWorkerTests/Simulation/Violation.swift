/// A broken promise, and how to see it break again.
struct Violation: Equatable, CustomStringConvertible {
    /// What is promised, in the words of the design.
    enum Promise: String {
        case settledLast = "settled once, last: acked only after everything it owes is done or held"
        case oneBuildOnePod = "one build, one pod"
        case everyBuildIsHeld = "every build that has not begun or ended is held by a message or a timer that survives"
        case everyBuildEnds = "every build ends: it has begun, was failed, or was stopped"
        case failureHasACause = "a build is failed only for a cause that is true"
        case attemptHasACause = "an attempt is charged only for a fault"
        case stopLeavesNoPod = "stop leaves no pod behind"
        case endedStaysEnded = "a repeated start makes no pod for a build that has ended"
        case unreadableIsParked = "nothing unreadable is dropped"
        case nothingHangs = "nothing hangs"
    }

    let seed: Int
    let promise: Promise
    let detail: String
    /// Milliseconds since the simulation began.
    let time: Int

    var description: String {
        "seed \(self.seed) breaks \"\(self.promise.rawValue)\" after \(self.time) ms: \(self.detail)"
    }
}
