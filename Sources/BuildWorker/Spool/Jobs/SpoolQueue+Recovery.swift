package import Support

/// Recovery of orphaned jobs, and cleanup.
extension SpoolQueue {
    /// How long a job in flight may go without a renewal.
    package static let lease = Duration.seconds(300)

    package struct Recovery: Hashable, Sendable {
        /// Returned to `new`, with one attempt used.
        package var returned: [JobName] = []
        package var deadLettered: [JobName] = []
    }

    /// Call at startup: all jobs in flight belong to a previous worker that has ended, for a directory has one owner.
    package func recoverAll(now: Timestamp = .now) throws(SpoolError) -> Recovery {
        for name in try SpoolFile.names(in: "\(self.directory)/tmp") {
            try SpoolFile.remove("\(self.directory)/tmp/\(name)")
        }
        return try self.recover(try self.names(in: .cur), "the worker ended while it ran", now)
    }

    /// Recovers jobs whose ``lease`` has expired.
    package func recoverStale(now: Timestamp = .now) throws(SpoolError) -> Recovery {
        let limit = now.millisecondsSince1970 - Int(Self.lease / .milliseconds(1))
        var stale: [JobName] = []
        for name in try self.names(in: .cur) {
            if let touched = try JobFile.touched(self.path(name, in: .cur)), touched < limit { stale.append(name) }
        }
        return try self.recover(stale, "nobody touched it for \(Self.lease.formatted)", now)
    }

    /// Uses one attempt, so that a job that crashes its runner is dead-lettered eventually.
    private func recover(_ names: [JobName], _ reason: String, _ now: Timestamp) throws(SpoolError) -> Recovery {
        var recovery = Recovery()
        for name in names {
            if try self.failed(name, reason, after: .zero, now: now) {
                recovery.deadLettered.append(name)
            } else {
                recovery.returned.append(name)
            }
        }
        return recovery
    }

    /// Removes old logs without a job, and old dead jobs. Returns the number of files removed.
    package func prune(logsOlderThan logs: Duration, deadOlderThan dead: Duration, now: Timestamp = .now)
        throws(SpoolError) -> Int
    {
        var count = 0
        for name in try self.names(in: .dead) where try self.isOlder(self.path(name, in: .dead), than: dead, now) {
            if try self.drop(name, in: .dead) { count += 1 }
        }
        let living = Set(try (self.names(in: .new) + self.names(in: .cur)).map(\.id))
        let deadLettered = Set(try self.names(in: .dead).map(\.id))
        for (directory, owners) in [("logs", living), ("dead", deadLettered)] {
            for file in try SpoolFile.names(in: "\(self.directory)/\(directory)")
            where file.hasSuffix(".log") && !owners.contains(String(file.dropLast(4))) {
                let path = "\(self.directory)/\(directory)/\(file)"
                guard try self.isOlder(path, than: logs, now) else { continue }
                try SpoolFile.remove(path)
                count += 1
            }
        }
        return count
    }

    private func isOlder(_ path: String, than age: Duration, _ now: Timestamp) throws(SpoolError) -> Bool {
        guard let touched = try JobFile.touched(path) else { return false }
        return touched < now.millisecondsSince1970 - Int(age / .milliseconds(1))
    }
}
