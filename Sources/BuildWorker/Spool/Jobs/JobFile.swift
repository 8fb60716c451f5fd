internal import Glibc

/// Operations on a job's file; each is atomic, even if the process or the machine crashes.
enum JobFile {
    /// - Returns: `false` if the file no longer exists: another process took it.
    static func move(_ old: String, to new: String) throws(SpoolError) -> Bool {
        if rename(old, new) == 0 { return true }
        guard errno == ENOENT else { throw SpoolError("rename", old) }
        return false
    }

    /// Renews the lease. Ignores a missing file.
    static func touch(_ path: String) throws(SpoolError) {
        guard utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT else {
            throw SpoolError("touch", path)
        }
    }

    /// Unix time of the last touch in milliseconds; `nil` if the file does not exist.
    static func touched(_ path: String) throws(SpoolError) -> Int? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw SpoolError("look at", path)
        }
        return status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1_000_000
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
