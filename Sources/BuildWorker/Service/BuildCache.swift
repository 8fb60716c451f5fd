internal import Foundation
internal import Glibc

/// Build caches on this node's disk. Removes only below the configured path, and follows no link out of it.
struct BuildCache: Sendable {
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    let options: EcosystemOptions.Cache

    /// Removes one cache directory; one that is not there is done.
    ///
    /// - Returns: the directory, or `nil` where caches are not on disk.
    func clear(_ cache: CacheConfig) throws -> String? {
        guard self.options.strategy == "disk", !self.options.path.isEmpty else { return nil }
        var components = cache.prefix.isEmpty ? [] : [cache.prefix]
        components += [cache.scope.rawValue, cache.pipelineID]
        if cache.scope != .pipelines { components.append(cache.id) }
        var path = self.options.path.hasSuffix("/") ? String(self.options.path.dropLast()) : self.options.path
        // All of them first: a path that would climb out is refused even where it does not exist.
        for component in components
        where component.isEmpty || component == "." || component == ".." || component.contains(where: { $0 == "/" || $0 == "\0" }) {
            throw Refusal(description: "a cache path must not leave \(self.options.path)")
        }
        for component in components {
            path += "/\(component)"
            var status = stat()
            guard lstat(path, &status) == 0 else {
                if errno == ENOENT { return path }
                throw Refusal(description: "cannot look at \(path): \(String(cString: strerror(errno)))")
            }
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw Refusal(description: "\(path) is not a directory; links are not followed")
            }
        }
        try FileManager.default.removeItem(atPath: path)
        return path
    }
}
