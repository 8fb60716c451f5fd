/// The kind of a spooled job. Each kind has its own boxes below `SPOOL_DIRECTORY/queues`.
package enum JobKind: String, Hashable, Sendable, CaseIterable {
    /// A status update that the build API did not accept.
    case status
    /// A build event for the events exchange.
    case publish
    /// A build event for the operator's hook command.
    case command
    /// A failure report to be filed.
    case report
}

/// A job's state. A file is in one box at a time; each transition is one rename.
package enum JobBox: String, Hashable, Sendable, CaseIterable {
    /// Being written. → `new`; leftovers of a crash are incomplete and removed
    case tmp
    /// Waiting until due. → `cur`
    case new
    /// In flight. → removed when done, `new` on failure, `dead` after too many failures
    case cur
    /// Dead-lettered. → `new` or removed, both by an operator's command
    case dead
}
