internal import Glibc

/// The state a worker leaves for its successor. One worker at a time owns a directory, readable by its user only.
///
/// The directory must belong to the worker's user or root, and must not be a link. Write permission for others is
/// removed from the worker's own. A directory of root's that others can write to must be a volume: Kubernetes mounts
/// `emptyDir` this way, and the pod determines who these others are. They can remove and rename files, but not read
/// them, and nothing they put there is followed (``SpoolFile/open(_:_:for:)``).
///
/// Contents: docs/architecture.md#what-a-crash-leaves-behind
package final class SpoolDirectory: Sendable {
    package let path: String
    /// Other users that can, or could until now, write to it; `nil`: none. Safe to log.
    package let finding: String?
    private let lock: Int32

    /// Creates the directory if missing, and locks it.
    package init(_ path: String) throws(SpoolError) {
        self.path = path
        self.finding = try Self.make(path)
        let file = "\(path)/lock"
        self.lock = try SpoolFile.make(file, O_RDWR)
        guard flock(self.lock, LOCK_EX | LOCK_NB) == 0 else {
            // Only after all properties are set: the deinitializer closes the file.
            throw SpoolError(
                "lock", file,
                errno == EWOULDBLOCK ? "another worker has this directory; give each its own SPOOL_DIRECTORY" : nil)
        }
    }

    deinit { close(self.lock) }

    /// Creates a directory with its parents. Returns who else can write to an existing one.
    @discardableResult
    package static func make(_ path: String) throws(SpoolError) -> String? {
        if mkdir(path, 0o700) == 0 { return nil }
        if errno == EEXIST { return try self.check(path) }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SpoolError("make", path)
        }
        let parent = String(path[..<slash])
        // Parents may be other users' directories, or links to them.
        if access(parent, F_OK) != 0 { try self.make(parent) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SpoolError("make", path) }
        return nil
    }

    private static func check(_ path: String) throws(SpoolError) -> String? {
        let directory = try SpoolFile.open(directory: path, for: "use")
        defer { close(directory) }
        var (status, parent) = (stat(), stat())
        guard fstat(directory, &status) == 0, fstatat(directory, "..", &parent, 0) == 0 else {
            throw SpoolError("look at", path)
        }
        let owner = Ownership(user: status.st_uid, mode: status.st_mode, isVolume: status.st_dev != parent.st_dev)
        switch owner.verdict(for: geteuid()) {
        case .fine: return nil
        case .shared:
            return "others may write in \(path) (mode \(owner.octal), root's): mount that volume into the worker alone"
        case .opened:
            guard fchmod(directory, status.st_mode & 0o755) == 0 else { throw SpoolError("take from others", path) }
            return
                "others could write in \(path) (mode \(owner.octal)), which is taken from them: what is there may be theirs"
        case .others(let reason): throw SpoolError("use", path, reason)
        }
    }

    struct Ownership: Hashable {
        let user: uid_t
        let mode: mode_t
        /// On another file system than its parent.
        let isVolume: Bool

        package enum Verdict: Hashable {
            case fine
            /// A volume whose permissions the worker cannot change.
            case shared
            /// The worker's own, with too many permissions.
            case opened
            case others(String)
        }

        var octal: String { "0\(String(self.mode & 0o7777, radix: 8))" }

        func verdict(for worker: uid_t) -> Verdict {
            guard self.user == worker || self.user == 0 else {
                return .others(
                    "it belongs to user \(self.user), and the worker is \(worker): chown it, or name another")
            }
            // In a sticky directory, users cannot move other users' files.
            if self.mode & 0o022 == 0 || self.mode & 0o1000 != 0 && self.user == 0 { return .fine }
            if self.user == worker { return .opened }
            return self.isVolume
                ? .shared
                : .others("others may write in it (mode \(self.octal), root's): give the worker a directory of its own")
        }
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Removes an empty directory. Ignores a missing one.
    package static func remove(_ path: String) throws(SpoolError) {
        guard rmdir(path) == 0 || errno == ENOENT else { throw SpoolError("remove", path) }
    }
}

/// Why a file could not be written or read. Safe to log.
package struct SpoolError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Parameter reason: the text for `errno` by default.
    package init(_ operation: String, _ path: String, _ reason: String? = nil) {
        self.description = "cannot \(operation) \(path): \(reason ?? String(cString: strerror(errno)))"
    }
}
