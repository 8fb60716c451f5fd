internal import Foundation

/// The wall clock that a worker sees, by libfaketime. Its monotonic clock stays true, as on a machine whose time is set.
struct WorkerClock: Sendable {
    private let file: URL
    private let library: String

    init(_ file: URL, library: String) throws {
        (self.file, self.library) = (file, library)
        try self.jump(by: 0)
    }

    /// - Parameter seconds: how far from the truth; 0 is right again.
    func jump(by seconds: Int) throws {
        try Data("\(seconds < 0 ? "" : "+")\(seconds)\n".utf8).write(to: self.file, options: .atomic)
    }

    var environment: [String: String] {
        [
            "LD_PRELOAD": self.library, "FAKETIME_TIMESTAMP_FILE": self.file.path, "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ]
    }

    /// libfaketime adds a variable to the environment before `main`, which moves it; Swift then no longer finds the
    /// program's arguments. Where the variable is there already, as after this shell's `exec`, nothing is moved.
    static func command(_ program: String, _ arguments: [String]) -> (URL, [String]) {
        (URL(fileURLWithPath: "/bin/sh"), ["-c", #"exec "$0" "$@""#, program] + arguments)
    }

    /// Says whose traces are left should this run be interrupted.
    func isUsed(by pid: pid_t) throws { try Data("\(pid)".utf8).write(to: self.file.appendingPathExtension("pid")) }

    /// What libfaketime leaves behind for a process that was killed.
    static func removeTraces(of pid: pid_t) throws {
        for name in ["faketime_shm_\(pid)", "sem.faketime_sem_\(pid)"] {
            let path = "/dev/shm/\(name)"
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        }
    }
}
