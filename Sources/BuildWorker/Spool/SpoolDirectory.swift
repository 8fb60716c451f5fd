internal import Glibc

/// What this worker writes down for the one that comes after it. One worker at a time has a directory; its contents are
/// readable by the worker's user only (0700, files 0600).
///
/// A directory is the worker's own, or root's, and no link. Where others may write in its own, that is taken from them. Root's, in which
/// others may write, has to be a volume: Kubernetes makes an `emptyDir` so, and who mounts it decides who these others are. They can
/// remove and rename what is there, but not read it, and nothing that they lay there is followed (``SpoolFile/open(_:_:for:)``).
///
/// What is in it: docs/architecture.md#what-a-crash-leaves-behind
package final class SpoolDirectory: Sendable {
    package let path: String
    /// Who else may write in it, or might before; `nil`: nobody. Safe to log.
    package let finding: String?
    private let lock: Int32

    /// Makes the directory where it is missing and takes it over.
    package init(_ path: String) throws(SpoolError) {
        self.path = path
        self.finding = try Self.make(path)
        let file = "\(path)/lock"
        self.lock = try SpoolFile.make(file, O_RDWR)
        guard flock(self.lock, LOCK_EX | LOCK_NB) == 0 else {
            // Thrown with all properties set: the deinitializer closes the file.
            throw SpoolError(
                "lock", file,
                errno == EWOULDBLOCK ? "another worker has this directory; give each its own SPOOL_DIRECTORY" : nil)
        }
    }

    deinit { close(self.lock) }

    /// Parents too.
    ///
    /// - Returns: of one that is there, who else may write in it.
    @discardableResult
    package static func make(_ path: String) throws(SpoolError) -> String? {
        if mkdir(path, 0o700) == 0 { return nil }
        if errno == EEXIST { return try self.check(path) }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SpoolError("make", path)
        }
        let parent = String(path[..<slash])
        // Others' directories, and links to them, may lead there.
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

    /// Whose a directory is, and who may write in it.
    struct Ownership: Hashable {
        let user: uid_t
        let mode: mode_t
        /// Another file system than its parent's.
        let isVolume: Bool

        package enum Verdict: Hashable {
            case fine
            /// It is a volume, and nobody's to change.
            case shared
            /// It is the worker's own, and it should not be so.
            case opened
            case others(String)
        }

        var octal: String { "0\(String(self.mode & 0o7777, radix: 8))" }

        func verdict(for worker: uid_t) -> Verdict {
            guard self.user == worker || self.user == 0 else {
                return .others(
                    "it belongs to user \(self.user), and the worker is \(worker): chown it, or name another")
            }
            // In a sticky one, nobody moves what is another's.
            if self.mode & 0o022 == 0 || self.mode & 0o1000 != 0 && self.user == 0 { return .fine }
            if self.user == worker { return .opened }
            return self.isVolume
                ? .shared
                : .others("others may write in it (mode \(self.octal), root's): give the worker a directory of its own")
        }
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// An empty one. One that is gone already is fine.
    package static func remove(_ path: String) throws(SpoolError) {
        guard rmdir(path) == 0 || errno == ENOENT else { throw SpoolError("remove", path) }
    }
}

/// Why something could not be written down or read. Safe to log.
package struct SpoolError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Parameter reason: by default what `errno` says.
    package init(_ operation: String, _ path: String, _ reason: String? = nil) {
        self.description = "cannot \(operation) \(path): \(reason ?? String(cString: strerror(errno)))"
    }
}
