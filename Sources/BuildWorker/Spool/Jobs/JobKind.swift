/// What a spooled job is for. Each kind has boxes of its own below `SPOOL_DIRECTORY/queues`.
package enum JobKind: String, Hashable, Sendable, CaseIterable {
    /// A note to the build API that it did not take when it was due.
    case status
    /// A build event for the events exchange.
    case publish
    /// A build event for the operator's command.
    case command
    /// A failure report that is still to be filed.
    case report
}

/// Where a job is. A file is in one box at a time; every step is one rename.
package enum JobBox: String, Hashable, Sendable, CaseIterable {
    /// Being written. → `new`; what a crash leaves here is half a job and is removed
    case tmp
    /// Waiting for its time. → `cur`
    case new
    /// In hand. → removed when done, `new` when it failed, `dead` when it failed too often
    case cur
    /// Given up. → `new` or removed, both by an operator's command
    case dead
}
