internal import Clients
internal import Glibc

/// Build caches on this node's disk, which builds may write to meanwhile. Removes nothing outside the message's
/// directory: goes from open directory to entry, follows no link and stays on the file system.
struct BuildCache: Sendable {
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    let options: EcosystemOptions.Cache
    /// A build that keeps writing must not block this for ever. What was removed stays removed.
    var timeLimit = Duration.seconds(300)

    /// The maximum of open directories. Deeper ones are moved up and removed in the next pass.
    private static let deepest = 32

    /// - Returns: the directory, or `nil` if caches are not on disk. A missing one counts as removed.
    func clear(_ cache: CacheConfig) throws(Refusal) -> String? {
        guard self.options.strategy == "disk", !self.options.path.isEmpty else { return nil }
        var names = cache.prefix.isEmpty ? [] : [cache.prefix]
        names += [cache.scope.rawValue, cache.pipelineID]
        if cache.scope != .pipelines { names.append(cache.id) }
        // Validates all components first: a path that climbs out is rejected even if it does not exist.
        guard
            names.allSatisfy({
                !["", ".", ".."].contains($0) && !$0.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
            })
        else {
            throw Refusal(description: "a cache path must not leave \(self.options.path)")
        }
        let path =
            "\(self.options.path.hasSuffix("/") ? String(self.options.path.dropLast()) : self.options.path)/\(names.joined(separator: "/"))"
        var chain: [OpenDirectory] = []
        for name in [self.options.path] + names {
            // The operator may configure the cache root as a link.
            switch OpenDirectory.open(Array(name.utf8CString), in: chain.last) {
            case .success(let directory): chain.append(directory)
            case .failure(Errno(ENOENT)): return path
            case .failure(Errno(ENOTDIR)), .failure(Errno(ELOOP)):
                throw Refusal(description: "\(name) in \(path) is not a directory; links are not followed")
            case .failure(let error): throw Self.refusal("open", path, error.code)
            }
        }
        try self.remove(chain.removeLast(), in: chain.removeLast(), path)
        return path
    }

    private func remove(_ top: OpenDirectory, in parent: OpenDirectory, _ path: String) throws(Refusal) {
        let end = ContinuousClock.now + self.timeLimit
        var (open, moved) = ([top], 0)
        while let directory = open.last {
            guard .now < end else {
                throw Refusal(
                    description: "\(path) is not empty after \(self.timeLimit): builds write to it, or it is very large"
                )
            }
            guard let entry = directory.next() else {
                switch directory.unlink(in: open.dropLast().last ?? parent) {
                case 0, ENOENT: open.removeLast()
                // Replaced meanwhile; the next pass over its parent removes it.
                case ENOTDIR where open.count > 1: open.removeLast()
                case ENOTEMPTY, EEXIST:
                    usleep(1000)
                    directory.rewind()
                case let code: throw Self.refusal("remove", path, code)
                }
                continue
            }
            switch directory.unlink(entry) {
            case 0, ENOENT: continue
            case EISDIR: break
            case let code: throw Self.refusal("remove an entry of", path, code)
            }
            guard open.count < Self.deepest else {
                moved += 1
                let code = directory.move(entry, to: top, ".deep-\(moved)")
                // The name is taken; the next pass picks another.
                guard [0, ENOENT, EEXIST, ENOTEMPTY, ENOTDIR].contains(code) else {
                    throw Self.refusal("move a directory up to", path, code)
                }
                continue
            }
            switch OpenDirectory.open(entry, in: directory) {
            case .success(let child) where child.device == top.device: open.append(child)
            case .success: throw Refusal(description: "another file system is mounted in \(path)")
            // Replaced meanwhile: the next pass removes it.
            case .failure(Errno(ENOENT)), .failure(Errno(ENOTDIR)), .failure(Errno(ELOOP)): continue
            case .failure(let error): throw Self.refusal("open a directory of", path, error.code)
            }
        }
    }

    private static func refusal(_ verb: String, _ path: String, _ code: Int32) -> Refusal {
        Refusal(description: "cannot \(verb) \(path): \(String(cString: strerror(code)))")
    }
}

/// An open directory: stays the same if its name is reused.
private final class OpenDirectory {
    private let name: [CChar]
    private let stream: OpaquePointer
    let device: dev_t
    private var descriptor: Int32 { dirfd(self.stream) }

    private init(_ name: [CChar], _ stream: OpaquePointer, _ device: dev_t) {
        (self.name, self.stream, self.device) = (name, stream, device)
    }

    deinit { closedir(self.stream) }

    /// - Parameter parent: if given, links are not followed; `nil`: `name` is a path.
    static func open(_ name: [CChar], in parent: OpenDirectory?) -> Result<OpenDirectory, Errno> {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (parent == nil ? 0 : O_NOFOLLOW)
        let descriptor = openat(parent?.descriptor ?? AT_FDCWD, name, flags)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0, let stream = fdopendir(descriptor) else {
            defer { if descriptor >= 0 { close(descriptor) } }
            return .failure(Errno(errno))
        }
        return .success(OpenDirectory(name, stream, status.st_dev))
    }

    /// The next entry's name as raw bytes, which need not be UTF-8; `nil` at the end.
    func next() -> [CChar]? {
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        while let entry = readdir(self.stream) {
            let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            if strcmp(name, ".") != 0, strcmp(name, "..") != 0 {
                return Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
            }
        }
        return nil
    }

    func rewind() { rewinddir(self.stream) }

    /// Returns 0 or errno, like the next two.
    func unlink(_ entry: [CChar]) -> Int32 { unlinkat(self.descriptor, entry, 0) == 0 ? 0 : errno }
    func unlink(in parent: OpenDirectory) -> Int32 {
        unlinkat(parent.descriptor, self.name, AT_REMOVEDIR) == 0 ? 0 : errno
    }
    func move(_ entry: [CChar], to other: OpenDirectory, _ name: String) -> Int32 {
        renameat(self.descriptor, entry, other.descriptor, name) == 0 ? 0 : errno
    }
}

private struct Errno: Error, Equatable {
    let code: Int32
    init(_ code: Int32) { self.code = code }
}
