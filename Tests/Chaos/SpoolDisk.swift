internal import Foundation
internal import TestSupport

/// The small disk on which a worker's spool directory lies, so that it can be full.
///
/// As root it is a tmpfs. Where nothing may be mounted, a file stands in the directory's place for as long as the disk is
/// "full": nothing can be written there either, though the error is another (ENOTDIR).
struct SpoolDisk: Sendable {
    let directory: URL
    private let isMounted: Bool
    private var filling: URL { self.directory.appendingPathComponent("filling") }
    private var away: URL { self.directory.appendingPathExtension("away") }

    init(_ directory: URL) async throws {
        self.directory = directory
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let mount = try ChildProcess(
            URL(fileURLWithPath: "/bin/mount"),
            ["-t", "tmpfs", "-o", "size=16m,mode=700", "build-worker-chaos", directory.path])
        self.isMounted = try await mount.waitForExit() == 0
    }

    func fill() throws {
        guard self.isMounted else {
            try FileManager.default.moveItem(at: self.directory, to: self.away)
            return try Data().write(to: self.directory)
        }
        let descriptor = open(self.filling.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        let block = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, block, block.count) > 0 {}
        guard errno == ENOSPC else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    func free() throws {
        if self.isMounted { return try FileManager.default.removeItem(at: self.filling) }
        try FileManager.default.removeItem(at: self.directory)
        try FileManager.default.moveItem(at: self.away, to: self.directory)
    }

    func unmount() async throws {
        guard self.isMounted else { return }
        let unmount = try ChildProcess(URL(fileURLWithPath: "/bin/umount"), [self.directory.path])
        guard try await unmount.waitForExit() == 0 else {
            throw NotInTime(description: "umount \(self.directory.path): \(unmount.errors)")
        }
    }
}
