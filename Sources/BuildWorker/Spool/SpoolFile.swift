internal import Glibc

/// Whole files, read and written atomically: after a crash either the old or the new one exists.
///
/// Others may write to the directory: what they put under our names is never followed, waited for or written to.
package enum SpoolFile {
    /// Maximum bytes read; the largest file, a day of reports, takes a tenth of it.
    static let largest = 1 << 25

    /// Opens any file of the spool: a regular one with a single link, no symbolic link, and no pipe, which would block.
    ///
    /// - Returns: `nil` if it does not exist and `flags` do not create it.
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
        // Only once it is known to be ours.
        guard flags & O_TRUNC == 0 || ftruncate(file, 0) == 0 else {
            defer { close(file) }
            throw SpoolError(purpose, path)
        }
        return file
    }

    /// Like ``open(_:_:for:)``, with flags that create a missing file.
    package static func make(_ path: String, _ flags: Int32, for purpose: String = "open") throws(SpoolError) -> Int32 {
        guard let file = try self.open(path, flags | O_CREAT, for: purpose) else { throw SpoolError(purpose, path) }
        return file
    }

    /// - Returns: `nil` if the file does not exist.
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

    /// Writes a draft, syncs it, and renames it into place. With a full disk the old file remains.
    ///
    /// - Parameter isDurable: must survive a power failure.
    package static func replace(_ path: String, with bytes: [UInt8], isDurable: Bool = true) throws(SpoolError) {
        let draft = "\(path).tmp"
        try self.write(bytes, to: draft, isDurable: isDurable)
        guard rename(draft, path) == 0 else {
            defer { unlink(draft) }
            throw SpoolError("rename", draft)
        }
        // A rename survives a power failure once its directory is synced.
        if isDurable { try self.sync(directory: String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])) }
    }

    /// Creates and syncs a file, or removes it if it cannot be written completely. `isNew`: fail if it exists.
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

    /// Appends in one write, so that lines of several writers do not mix. A crash may leave a line unfinished; the next
    /// one starts on a new line, so readers skip empty lines.
    package static func append(line: [UInt8], to path: String) throws(SpoolError) {
        let file = try self.make(path, O_WRONLY | O_APPEND)
        defer { close(file) }
        guard Self.write([0x0A] + line + [0x0A], to: file) else { throw SpoolError("write", path) }
    }

    package static func remove(_ path: String) throws(SpoolError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SpoolError("remove", path) }
    }

    /// File names of complete files, or of drafts.
    package static func names(in directory: String, drafts: Bool = false) throws(SpoolError) -> [String] {
        let file = try self.open(directory: directory, for: "list")
        guard let stream = fdopendir(file) else {
            defer { close(file) }
            throw SpoolError("list", directory)
        }
        defer { closedir(stream) }
        var names: [String] = []
        // By offset: an entry ends with its name, so `d_name`'s 256 bytes may extend past the last mapped page.
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
