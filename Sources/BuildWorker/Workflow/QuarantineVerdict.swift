/// What is known of a message that was in flight when a worker ended uncleanly.
package enum QuarantineVerdict: Hashable, Sendable {
    case none
    /// May be to blame: processed in isolation.
    case suspected
    /// To blame: parked, and its build failed.
    case quarantined(crashes: Int, Custody)

    /// What was done with a quarantined message.
    package enum Custody: String, Hashable, Sendable {
        /// → `parked`
        case none = "at-large"
        /// In the parked queue; its build may not be updated yet. → `unreportable`
        case parked
        /// A header claims so, but any client may write it: trusted only if readable, to update its build.
        case saidToBeParked = "said-to-be-parked"
        /// Reading it to update its build crashed the worker, too.
        case unreportable
    }
}

/// Quarantine state that must outlive the process.
package enum QuarantineChange: Hashable, Sendable {
    /// Move a suspected message to the end of its queue, if due and not done since its last crash; answers whether.
    case setAside
    /// The worker survived this step of the message.
    case survived(HandlingStep)
    /// In the parked queue; its build still has to be updated.
    case parked(crashes: Int)
    /// Not to blame, or done.
    case cleared
}
