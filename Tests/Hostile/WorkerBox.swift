internal import Foundation

/// What a worker may take: memory by a cgroup, where this machine and user can make one, and open files.
struct WorkerBox: Sendable {
    /// Bytes.
    let memory: Int
    let files: Int
    private let group: String?
    /// Why there is no cgroup.
    let obstacle: String?

    init(memory: Int, files: Int) throws {
        (self.memory, self.files) = (memory, files)
        let name = "build-worker-hostile-\(ProcessInfo.processInfo.processIdentifier)"
        // The second version's hierarchy, or the first's for memory. A group of the root's: a parent may have processes, or a limit.
        let kinds = [
            ("/sys/fs/cgroup", "memory.max", "cgroup.controllers"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.limit_in_bytes"),
        ]
        var obstacle = "there is no cgroup hierarchy for memory in /sys/fs/cgroup"
        for (root, limit, sign) in kinds where FileManager.default.fileExists(atPath: "\(root)/\(sign)") {
            let group = "\(root)/\(name)"
            do {
                try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: false)
                try Self.write(String(memory), to: "\(group)/\(limit)")
                (self.group, self.obstacle) = (group, nil)
                return
            } catch {
                rmdir(group)
                obstacle = "\(group): \(String(cString: strerror(errno)))"
            }
        }
        (self.group, self.obstacle) = (nil, obstacle)
    }

    /// Files of a cgroup are no files that can be replaced.
    private static func write(_ text: String, to path: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    /// For `/bin/sh`, with the program and its arguments as `$@`.
    var script: String {
        (self.group.map { "echo $$ > \($0)/cgroup.procs && " } ?? "") + "ulimit -n \(self.files) && exec \"$@\""
    }

    func remove() { if let group { rmdir(group) } }
}
