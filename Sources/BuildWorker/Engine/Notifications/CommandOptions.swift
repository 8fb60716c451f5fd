internal import Subprocess

/// Signals and bounds of an operator's command.
struct CommandOptions: Hashable, Sendable {
    /// The program's absolute path, then its arguments.
    var arguments: [String]
    /// Nothing of the worker's own environment, which holds its passwords, but what finds programs and words.
    var environment: [Environment.Key: String] = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
    ]
    /// Of what it says in one run; the rest is read and dropped.
    var outputLimit = 65_536
    /// Of a job's log over all its runs.
    var logLimit = 262_144
    /// Between INT, TERM and KILL.
    var timeout = Duration.seconds(5)
}
