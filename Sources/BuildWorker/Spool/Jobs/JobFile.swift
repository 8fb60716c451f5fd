internal import Glibc

/// The steps of a job's file: each leaves it where it was or where it should be, whenever the process or the machine ends.
enum JobFile {
    /// - Returns: `false` when the file is not there any more: somebody else took it.
    static func move(_ old: String, to new: String) throws(SpoolError) -> Bool {
        if rename(old, new) == 0 { return true }
        guard errno == ENOENT else { throw SpoolError("rename", old) }
        return false
    }

    /// Says that somebody still works on it. One that is gone is not missed.
    static func touch(_ path: String) throws(SpoolError) {
        guard utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT else {
            throw SpoolError("touch", path)
        }
    }

    /// Milliseconds since 1970 of the last touch; `nil` when the file is gone.
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
