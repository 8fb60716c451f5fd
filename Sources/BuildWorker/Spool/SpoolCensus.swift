internal import Glibc

/// Job counts of a spool's queue directories: from file names alone, without a lock, so that other processes may read
/// them while a worker runs. A job that moves meanwhile is counted in one box, in both or in none.
package struct SpoolCensus: Hashable, Sendable {
    package struct Kind: Hashable, Sendable {
        package let name: String
        /// Jobs waiting, due or not.
        package var new = 0
        package var current = 0
        package var dead = 0
        /// When the longest-due job in `new` or `cur` became due, Unix time in milliseconds; `nil`: none.
        package var oldestDue: Int?
        /// When the oldest of them was created.
        package var oldestMade: Int?

        package init(_ name: String, new: Int = 0, current: Int = 0, dead: Int = 0, oldestDue: Int? = nil) {
            (self.name, self.new, self.current, self.dead, self.oldestDue) = (name, new, current, dead, oldestDue)
        }
    }

    package let kinds: [Kind]

    package init(kinds: [Kind]) { self.kinds = kinds }

    /// - Parameter directory: `SPOOL_DIRECTORY`. Without queue directories there are no jobs.
    /// - Throws: if the spool is missing, or a directory cannot be listed.
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

    /// Skips other files, such as logs of dead jobs.
    private static func jobs(_ directory: String) throws(SpoolError) -> [JobName] {
        try self.names(directory).compactMap { JobName($0) }
    }

    /// Empty if the directory does not exist.
    private static func names(_ directory: String) throws(SpoolError) -> [String] {
        if access(directory, F_OK) != 0, errno == ENOENT { return [] }
        return try SpoolFile.names(in: directory)
    }
}
