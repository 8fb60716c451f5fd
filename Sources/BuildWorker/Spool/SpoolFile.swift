internal import Glibc

/// Whole files, read and written so that a crash leaves the old one or the new one.
enum SpoolFile {
    /// - Returns: `nil` when there is none.
    static func read(_ path: String) throws(SpoolError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw SpoolError("open", path)
        }
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
        }
    }

    /// Written beside it, synced, and renamed into place. Where the disk is full the old file stays.
    ///
    /// - Parameter isDurable: it must survive a power cut.
    static func replace(_ path: String, with bytes: [UInt8], isDurable: Bool = true) throws(SpoolError) {
        let draft = "\(path).tmp"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SpoolError("write", path) }
        let error: SpoolError? = Self.write(bytes, to: file) && (!isDurable || fsync(file) == 0) ? nil : SpoolError("write", path)
        close(file)
        guard error == nil, rename(draft, path) == 0 else {
            let reason = error ?? SpoolError("rename", draft)
            unlink(draft)
            throw reason
        }
        if isDurable { try Self.sync(directoryOf: path) }
    }

    /// In one write, so that lines of several writers do not mix. A crash may leave a line unfinished; the next one begins anew all
    /// the same, so readers skip empty lines.
    static func append(line: [UInt8], to path: String) throws(SpoolError) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SpoolError("open", path) }
        defer { close(file) }
        guard Self.write([0x0A] + line + [0x0A], to: file) else { throw SpoolError("write", path) }
    }

    /// One that is gone already is fine.
    static func remove(_ path: String) throws(SpoolError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SpoolError("remove", path) }
    }

    /// File names: of whole files, or of those that are being written.
    static func names(in directory: String, drafts: Bool = false) throws(SpoolError) -> [String] {
        guard let stream = opendir(directory) else { throw SpoolError("list", directory) }
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

    private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if count == 0 || errno != EINTR { return false }
        }
        return true
    }

    /// A rename survives a power cut once its directory is synced.
    private static func sync(directoryOf path: String) throws(SpoolError) {
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw SpoolError("open", directory) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw SpoolError("sync", directory) }
    }
}
