internal import Subprocess

struct CommandOptions: Hashable, Sendable {
    /// The program's absolute path, then its arguments.
    var arguments: [String]
    /// Excludes the worker's own environment, which holds passwords; only what locates programs and sets the locale.
    var environment: [Environment.Key: String] = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
    ]
    /// Bytes of output kept per run; the rest is discarded.
    var outputLimit = 65_536
    /// Bytes of a job's log over all runs.
    var logLimit = 262_144
    /// Delay between INT, TERM and KILL.
    var timeout = Duration.seconds(5)
}
