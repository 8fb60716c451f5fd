package import Foundation
import Synchronization

/// A program that a test runs: ended with the test run at the latest.
package final class ChildProcess: Sendable {
    private let process = Process()
    package let outputFile: URL
    package let errorFile: URL

    /// - Parameter logs: its output and errors go to `<logs>.out` and `<logs>.err`; by default to files that end with the run.
    package init(
        _ executable: URL, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil,
        logs: URL? = nil
    ) throws {
        let logs =
            logs ?? Surroundings.directory.appendingPathComponent(Surroundings.newName(executable.lastPathComponent))
        self.outputFile = logs.appendingPathExtension("out")
        self.errorFile = logs.appendingPathExtension("err")
        for file in [self.outputFile, self.errorFile] { try Data().write(to: file) }
        self.process.executableURL = executable
        self.process.arguments = arguments
        // Nothing of the surrounding environment may configure what is tested.
        var all = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": NSHomeDirectory()]
        for name in ["LD_LIBRARY_PATH", "TMPDIR", "BUILD_WORKER_RUN"] {
            all[name] = ProcessInfo.processInfo.environment[name]
        }
        self.process.environment = all.merging(environment) { $1 }
        self.process.standardOutput = try FileHandle(forWritingTo: self.outputFile)
        self.process.standardError = try FileHandle(forWritingTo: self.errorFile)
        if let input {
            let file = logs.appendingPathExtension("in")
            try input.write(to: file)
            self.process.standardInput = try FileHandle(forReadingFrom: file)
        } else {
            self.process.standardInput = FileHandle.nullDevice
        }
        try self.process.run()
        ChildProcess.all.withLock { $0.append(self.process.processIdentifier) }
    }

    /// For the end of the test run.
    private static let all = Mutex<[pid_t]>([])

    package static func killAll() { for pid in self.all.withLock({ $0 }) { kill(pid, SIGKILL) } }

    package var pid: pid_t { self.process.processIdentifier }
    package var isRunning: Bool { self.process.isRunning && self.unreaped == nil }

    /// How it ended, by the kernel's word, while nobody has reaped it. Foundation hears of an end through a socket that a daemon which the
    /// program left behind may hold open: then it never does.
    private var unreaped: Int32? {
        var information = siginfo_t()
        guard waitid(P_PID, id_t(self.pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0,
            information.si_signo == SIGCHLD
        else { return nil }
        let status = information._sifields._sigchld.si_status
        return information.si_code == Int32(CLD_EXITED) ? status : 128 + status
    }
    package var output: String { Self.text(self.outputFile) }
    package var errors: String { Self.text(self.errorFile) }

    private static func text(_ file: URL) -> String {
        do { return String(decoding: try Data(contentsOf: file), as: UTF8.self) } catch { return "" }
    }

    package func signal(_ signal: Int32) { kill(self.pid, signal) }

    /// To its children, too: Foundation starts each program in a group of its own.
    package func signalGroup(_ signal: Int32) { if killpg(self.pid, signal) != 0 { self.signal(signal) } }

    /// - Returns: the exit code; 128 + the signal that ended it.
    @discardableResult
    package func waitForExit(within limit: Duration = .seconds(120)) async throws -> Int32 {
        try await eventually("exit of \(self.process.executableURL?.lastPathComponent ?? "?")", within: limit) {
            !self.isRunning
        }
        ChildProcess.all.withLock { $0.removeAll { $0 == self.pid } }
        if let code = self.unreaped { return code }
        // Foundation has reaped it, or is about to say so.
        try await eventually("Foundation knows", within: limit) { !self.process.isRunning }
        return self.process.terminationReason == .uncaughtSignal
            ? 128 + self.process.terminationStatus : self.process.terminationStatus
    }

    package func kill9() async throws {
        self.signal(SIGKILL)
        try await self.waitForExit()
    }
}
