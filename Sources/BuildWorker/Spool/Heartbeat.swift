internal import Glibc
package import Support

/// A worker's last entry in its heartbeat file.
package struct Heartbeat: Sendable {
    /// Written every 5 s; after two missed writes a worker is slow, after three it counts as gone.
    static let longestAge = Duration.seconds(15)

    package let document: JSONValue
    package let age: Duration
    /// Its process ran on this host and has ended. `false` if unknown.
    package let isOfTheDead: Bool

    package init(document: JSONValue, age: Duration, isOfTheDead: Bool) {
        (self.document, self.age, self.isOfTheDead) = (document, age, isOfTheDead)
    }

    /// - Parameters:
    ///   - directory: `SPOOL_DIRECTORY`.
    ///   - host: the caller's host name, as a worker would write it; process ids of other hosts mean nothing.
    /// - Returns: `nil` if no worker has written a heartbeat.
    package init?(of directory: String, host: String) throws(SpoolError) {
        let path = "\(directory)/heartbeat"
        guard let bytes = try SpoolFile.read(path) else { return nil }
        var (file, now) = (stat(), timespec())
        guard lstat(path, &file) == 0 else { throw SpoolError("look at", path) }
        clock_gettime(CLOCK_REALTIME, &now)
        do throws(JSONError) { self.document = try JSONValue(parsing: bytes) } catch {
            throw SpoolError("read", path, error.description)
        }
        let seconds = max(
            0, Double(now.tv_sec - file.st_mtim.tv_sec) + Double(now.tv_nsec - file.st_mtim.tv_nsec) / 1e9)
        self.age = .seconds(seconds)
        let process = self.document["pid"]?.integer.flatMap { pid_t(exactly: $0) }.flatMap { $0 > 0 ? $0 : nil }
        self.isOfTheDead =
            self.document["host"]?.string == host && process.map { kill($0, 0) != 0 && errno == ESRCH } ?? false
    }

    package var isRecent: Bool { self.age <= Self.longestAge && !self.isOfTheDead }
}
