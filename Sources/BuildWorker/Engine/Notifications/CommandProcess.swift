internal import Glibc
internal import Subprocess
internal import Support
internal import SystemPackage

/// One run of an operator's command in its own process group; inherits none of the worker's files and connections.
struct CommandProcess: Sendable {
    let options: CommandOptions

    /// On cancellation the group gets INT, then TERM, then KILL.
    func run(_ input: [UInt8], log path: String) async -> JobOutcome {
        do {
            let options = self.options
            let log = try await OwnThread.run {
                try CommandLog(path, limit: options.logLimit, perRun: options.outputLimit)
            }
            let (stdin, output) = (try FileDescriptor.pipe(), try FileDescriptor.pipe())
            // The result does not depend on it.
            defer { try? output.readEnd.close() }
            // Written before there is a reader, so it must fit: an event is a few hundred bytes, a pipe holds 64 KiB.
            let isWritten =
                fcntl(stdin.writeEnd.rawValue, F_SETFL, O_NONBLOCK) == 0
                && write(stdin.writeEnd.rawValue, input, input.count) == input.count
            try stdin.writeEnd.close()
            guard isWritten else {
                for end in [stdin.readEnd, output.writeEnd] { try end.close() }
                return .permanentFailure("the event is too large for a command's stdin")
            }
            var platform = PlatformOptions()
            platform.processGroupID = 0
            platform.teardownSequence = [Signal.interrupt, .terminate].map {
                .send(signal: $0, toProcessGroup: true, allowedDurationToNextStep: options.timeout)
            }
            let result = try await Subprocess.run(
                .path(FilePath(options.arguments[0])), arguments: Arguments(Array(options.arguments.dropFirst())),
                environment: .custom(options.environment),
                platformOptions: platform, input: .fileDescriptor(stdin.readEnd, closeAfterSpawningProcess: true),
                output: .fileDescriptor(output.writeEnd, closeAfterSpawningProcess: true), error: .combinedWithOutput
            ) { execution in
                let program = execution.processIdentifier
                try await OwnThread.run { Self.copy(output.readEnd.rawValue, of: program, to: log) }
                // Kills what is left of the group. The program is not reaped yet, so its process id cannot be reused.
                kill(-program.value, SIGKILL)
            }
            if Task.isCancelled { return .failed("the command was ended") }
            switch result.terminationStatus {
            case .exited(0): return .done
            case .exited(let code): return .failed("the command ended with exit code \(code)")
            case .signaled(let signal): return .failed("the command was killed by signal \(signal)")
            }
        } catch {
            return .failed(Task.isCancelled ? "the command was ended" : "\(error)")
        }
    }

    /// Ends with the program: a descendant outside the group may keep the output open. Blocks.
    private static func copy(_ output: Int32, of program: ProcessIdentifier, to log: CommandLog) {
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
        var isOpen = true
        var hasEnded = false
        while !hasEnded {
            // Without pidfd (old kernel, sandbox): poll.
            var waits = [
                pollfd(fd: isOpen ? output : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: program.processDescriptor, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&waits, nfds_t(waits.count), program.processDescriptor < 0 ? 50 : -1) < 0, errno != EINTR { break }
            if waits[0].revents != 0 { isOpen = log.copy(from: output) }
            hasEnded = waits[1].revents != 0 || program.processDescriptor < 0 && Self.hasEnded(program.value)
        }
        while isOpen, log.copy(from: output) {}
        log.finish()
    }

    private static func hasEnded(_ program: pid_t) -> Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(program), &information, WEXITED | WNOHANG | WNOWAIT) != 0
            || information.si_signo == SIGCHLD
    }
}
