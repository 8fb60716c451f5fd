internal import Glibc

/// Whole files, read and written so that a crash leaves the old one or the new one.
///
/// Others may write in the directory: what they lay there under a name of ours is never followed, waited for or written to.
package enum SpoolFile {
    /// In bytes, of what is read: a day of reports, the largest that there is, takes a tenth of it.
    static let largest = 1 << 25

    /// Every file of the spool is opened here: a regular one under no other name, no link to one, and no pipe, which would wait for its
    /// other end.
    ///
    /// - Returns: `nil` when there is none and `flags` do not make one.
    static func open(_ path: String, _ flags: Int32, for purpose: String = "open") throws(SpoolError) -> Int32? {
        let file = Glibc.open(path, flags & ~O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            if errno == ENOENT, flags & O_CREAT == 0 { return nil }
            throw SpoolError(purpose, path, errno == ELOOP ? "it is a symbolic link, which does not belong there" : nil)
        }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
            close(file)
            throw SpoolError(
                purpose, path, "it is no regular file, or has another name elsewhere, which does not belong there")
        }
        // Not before it is known to be ours.
        guard flags & O_TRUNC == 0 || ftruncate(file, 0) == 0 else {
            defer { close(file) }
            throw SpoolError(purpose, path)
        }
        return file
    }

    /// The same for one that ``open(_:_:for:)`` is told to make where it is missing.
    package static func make(_ path: String, _ flags: Int32, for purpose: String = "open") throws(SpoolError) -> Int32 {
        guard let file = try self.open(path, flags | O_CREAT, for: purpose) else { throw SpoolError(purpose, path) }
        return file
    }

    /// - Returns: `nil` when there is none.
    package static func read(_ path: String) throws(SpoolError) -> [UInt8]? {
        guard let file = try self.open(path, O_RDONLY) else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw SpoolError("read", path)
            }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= Self.largest else {
                throw SpoolError("read", path, "it is larger than \(Self.largest) bytes")
            }
        }
    }

    /// Written beside it, synced, and renamed into place. Where the disk is full the old file stays.
    ///
    /// - Parameter isDurable: it must survive a power cut.
    package static func replace(_ path: String, with bytes: [UInt8], isDurable: Bool = true) throws(SpoolError) {
        let draft = "\(path).tmp"
        try self.write(bytes, to: draft, isDurable: isDurable)
        guard rename(draft, path) == 0 else {
            defer { unlink(draft) }
            throw SpoolError("rename", draft)
        }
        // A rename survives a power cut once its directory is synced.
        if isDurable { try self.sync(directory: String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])) }
    }

    /// Makes a file and syncs it. What cannot be written whole is removed again.
    ///
    /// - Parameter isNew: there must be none.
    static func write(_ bytes: [UInt8], to path: String, isNew: Bool = false, isDurable: Bool = true) throws(SpoolError)
    {
        let file = try self.make(path, O_WRONLY | (isNew ? O_EXCL : O_TRUNC), for: "write")
        let error: SpoolError? =
            Self.write(bytes, to: file) && (!isDurable || fsync(file) == 0) ? nil : SpoolError("write", path)
        close(file)
        guard let error else { return }
        unlink(path)
        throw error
    }

    /// In one write, so that lines of several writers do not mix. A crash may leave a line unfinished; the next one begins anew all
    /// the same, so readers skip empty lines.
    package static func append(line: [UInt8], to path: String) throws(SpoolError) {
        let file = try self.make(path, O_WRONLY | O_APPEND)
        defer { close(file) }
        guard Self.write([0x0A] + line + [0x0A], to: file) else { throw SpoolError("write", path) }
    }

    /// One that is gone already is fine.
    package static func remove(_ path: String) throws(SpoolError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SpoolError("remove", path) }
    }

    /// File names: of whole files, or of those that are being written.
    package static func names(in directory: String, drafts: Bool = false) throws(SpoolError) -> [String] {
        let file = try self.open(directory: directory, for: "list")
        guard let stream = fdopendir(file) else {
            defer { close(file) }
            throw SpoolError("list", directory)
        }
        defer { closedir(stream) }
        var names: [String] = []
        // Where it lies: an entry is only as long as its name, so the 256 bytes of `d_name` may end beyond the last page that is there.
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        while let entry = readdir(stream) {
            let name = String(cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
            if !name.hasPrefix("."), name.hasSuffix(".tmp") == drafts { names.append(name) }
        }
        return names.sorted()
    }

    static func open(directory: String, for purpose: String = "open") throws(SpoolError) -> Int32 {
        let file = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw SpoolError(purpose, directory) }
        return file
    }

    static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if count == 0 || errno != EINTR { return false }
        }
        return true
    }

    static func sync(directory: String) throws(SpoolError) {
        let file = try self.open(directory: directory)
        defer { close(file) }
        guard fsync(file) == 0 else { throw SpoolError("sync", directory) }
    }
}
