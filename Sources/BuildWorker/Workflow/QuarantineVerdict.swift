/// What is known of a message from workers that ended without warning while they had it.
package enum QuarantineVerdict: Hashable, Sendable {
    case none
    /// It may be to blame: it is handled with nothing else going on.
    case suspected
    /// It is to blame: it is parked, and its build failed.
    case quarantined(crashes: Int, Custody)

    /// What was done with a quarantined message.
    package enum Custody: String, Hashable, Sendable {
        /// → `parked`
        case none = "at-large"
        /// It is in the parked queue; its build may not know yet. → `unreportable`
        case parked
        /// A header says so, which anybody may have written: believed of a message that can be read, whose build is told then.
        case saidToBeParked = "said-to-be-parked"
        /// Being read to tell its build, it ended the worker too.
        case unreportable
    }
}

/// What has to outlive the process.
package enum QuarantineChange: Hashable, Sendable {
    /// A suspect is to go behind all that waits in its queue, if that is due and it has not since it died last. The answer says so.
    case setAside
    /// It has taken this step, and the worker lives.
    case survived(HandlingStep)
    /// It is in the parked queue: what is left is to tell its build.
    case parked(crashes: Int)
    /// It was not to blame, or is done with.
    case cleared
}
