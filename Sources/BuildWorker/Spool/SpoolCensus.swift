internal import Glibc

/// What lies in the queue directories of a spool: counted by names alone, without a lock, so that anybody may look while a
/// worker runs. A job that moves meanwhile is seen in one box, in both or in none.
package struct SpoolCensus: Hashable, Sendable {
    package struct Kind: Hashable, Sendable {
        package let name: String
        /// Jobs that wait, to be done now or later.
        package var new = 0
        /// Jobs that are being done.
        package var current = 0
        /// Jobs that were given up.
        package var dead = 0
        /// Of the job in `new` or `cur` that has been due for the longest time, milliseconds since 1970; `nil`: there is none.
        package var oldestDue: Int?
        /// When the oldest of them was made.
        package var oldestMade: Int?

        package init(_ name: String, new: Int = 0, current: Int = 0, dead: Int = 0, oldestDue: Int? = nil) {
            (self.name, self.new, self.current, self.dead, self.oldestDue) = (name, new, current, dead, oldestDue)
        }
    }

    /// By name.
    package let kinds: [Kind]

    package init(kinds: [Kind]) { self.kinds = kinds }

    /// - Parameter directory: `SPOOL_DIRECTORY`. Where it has no queue directories yet, there are no jobs.
    /// - Throws: where the spool is missing, or something in it cannot be listed.
    package init(of directory: String) throws(SpoolError) {
        // A wrong path must not look like an empty spool.
        guard access(directory, F_OK) == 0 else { throw SpoolError("list", directory) }
        var kinds: [Kind] = []
        for name in try Self.names("\(directory)/queues") {
            let box = "\(directory)/queues/\(name)"
            var kind = Kind(name)
            let (new, current) = (try Self.jobs("\(box)/new"), try Self.jobs("\(box)/cur"))
            (kind.new, kind.current, kind.dead) = (new.count, current.count, try Self.jobs("\(box)/dead").count)
            (kind.oldestDue, kind.oldestMade) = (
                (new + current).map(\.started).min(), (new + current).map(\.created).min()
            )
            kinds.append(kind)
        }
        self.kinds = kinds
    }

    /// Of the jobs. What else lies there, such as the log of a dead one, is none.
    private static func jobs(_ directory: String) throws(SpoolError) -> [JobName] {
        try self.names(directory).compactMap { JobName($0) }
    }

    /// Empty where there is no such directory.
    private static func names(_ directory: String) throws(SpoolError) -> [String] {
        if access(directory, F_OK) != 0, errno == ENOENT { return [] }
        return try SpoolFile.names(in: directory)
    }
}
