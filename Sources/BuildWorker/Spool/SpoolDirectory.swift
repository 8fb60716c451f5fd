internal import Glibc

/// What this worker writes down for the one that comes after it. One worker at a time has a directory; its contents are
/// readable by the worker's user only (0700, files 0600).
///
///     inflight     what is being handled now: one line a delivery
///     suspects     messages that were being handled when a worker ended without warning
///     timers/      init timers of a broker that has no init queue: one file each
///     lock         held by the worker that has the directory
public final class SpoolDirectory: Sendable {
    public let path: String
    private let lock: Int32

    /// Makes the directory where it is missing and takes it over.
    public init(_ path: String) throws(SpoolError) {
        self.path = path
        try Self.make(path)
        let file = "\(path)/lock"
        self.lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard self.lock >= 0 else { throw SpoolError("open", file) }
        guard flock(self.lock, LOCK_EX | LOCK_NB) == 0 else {
            // Thrown with all properties set: the deinitializer closes the file.
            throw SpoolError("lock", file, errno == EWOULDBLOCK ? "another worker has this directory; give each its own SPOOL_DIRECTORY" : nil)
        }
    }

    deinit { if self.lock >= 0 { close(self.lock) } }

    /// Parents too. One that is there stays as it is.
    static func make(_ path: String) throws(SpoolError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw SpoolError("make", path) }
        try self.make(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SpoolError("make", path) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// An empty one. One that is gone already is fine.
    static func remove(_ path: String) throws(SpoolError) {
        guard rmdir(path) == 0 || errno == ENOENT else { throw SpoolError("remove", path) }
    }
}

/// Why something could not be written down or read. Safe to log.
public struct SpoolError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// - Parameter reason: by default what `errno` says.
    init(_ operation: String, _ path: String, _ reason: String? = nil) {
        self.description = "cannot \(operation) \(path): \(reason ?? String(cString: strerror(errno)))"
    }
}
