internal import Dispatch
internal import Glibc
internal import Synchronization

/// Starts a command, reads what it says, ends it when it is told to, and judges how it ended. Blocks.
struct CommandSupervision {
    private let options: CommandOptions
    private let interruption: ProgramPipe
    private let output: ProgramPipe
    private let ended: ProgramPipe
    private let log: CommandLog

    init(_ options: CommandOptions, log: String, interruption: ProgramPipe) throws(SpoolError) {
        (self.options, self.interruption) = (options, interruption)
        (self.output, self.ended) = (try ProgramPipe(), try ProgramPipe())
        self.log = try CommandLog(log, limit: options.logLimit, perRun: options.outputLimit)
    }

    func run(_ input: [UInt8]) throws(SpoolError) -> JobOutcome {
        let stdin = try ProgramPipe()
        // Written before there is a reader, so it must fit: an event is a few hundred bytes, a pipe holds 64 KiB.
        let isWritten = stdin.withWriting { end in
            fcntl(end, F_SETFL, O_NONBLOCK) == 0 && input.withUnsafeBytes { write(end, $0.baseAddress, $0.count) } == input.count
        }
        stdin.closeWriting()
        guard isWritten else { return .hopeless("the event is too large for a command's stdin") }
        let child: pid_t
        // Of the worker's own files and connections the command gets none, whoever opened them.
        let others = try SpoolFile.names(in: "/proc/self/fd").compactMap { Int32($0) }.filter { $0 > 2 }
        switch self.spawn(reading: stdin.reading, closing: others) {
        case .success(let pid): child = pid
        case .failure(let error): return .failed(error.description)
        }
        self.output.closeWriting()
        let ended = self.ended
        DispatchQueue.global().async {
            var information = siginfo_t()
            // Not reaped: its number is nobody else's while it may still be signalled.
            while waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            ended.closeWriting()
        }
        let wasInterrupted = self.supervise(child)
        // Whoever it left behind in its group goes with it.
        kill(-child, SIGKILL)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        self.log.finish()
        return Self.outcome(status, wasInterrupted: wasInterrupted)
    }

    /// Reads until the command has ended.
    ///
    /// - Returns: whether it had to be told to.
    private func supervise(_ child: pid_t) -> Bool {
        var signals = [SIGINT, SIGTERM, SIGKILL][...]
        var nextSignal: ContinuousClock.Instant?
        var isOutputOpen = true
        while true {
            var waits = [
                pollfd(fd: isOutputOpen ? self.output.reading : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: self.ended.reading, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.count == 3 ? self.interruption.reading : -1, events: Int16(POLLIN), revents: 0),
            ]
            let pause = nextSignal.map { Int32(clamping: Int(max(.zero, $0 - .now) / .milliseconds(1)) + 1) } ?? -1
            if poll(&waits, nfds_t(waits.count), pause) < 0, errno != EINTR { return signals.count < 3 }
            if waits[0].revents != 0 { isOutputOpen = self.log.copy(from: self.output.reading) }
            if waits[1].revents != 0 { break }
            let isTime = nextSignal.map { $0 <= .now } ?? (waits[2].revents != 0)
            if isTime, let signal = signals.popFirst() {
                kill(-child, signal)
                nextSignal = signals.isEmpty ? nil : .now + self.options.patience
            }
        }
        // What it said last; a process that left its group may hold the pipe open, and is not waited for.
        _ = fcntl(self.output.reading, F_SETFL, O_NONBLOCK)
        while isOutputOpen, self.log.copy(from: self.output.reading) {}
        return signals.count < 3
    }

    private func spawn(reading stdin: Int32, closing others: [Int32]) -> Result<pid_t, SpoolError> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, stdin, 0)
        self.output.withWriting { end in
            _ = posix_spawn_file_actions_adddup2(&actions, end, 1)
            _ = posix_spawn_file_actions_adddup2(&actions, end, 2)
        }
        // One that is closed by then is no error.
        for file in others { posix_spawn_file_actions_addclose(&actions, file) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own, so that all of it can be ended; signals as a program expects them, whatever the worker does with its own.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        posix_spawnattr_setpgroup(&attributes, 0)
        // Not `sigset_t()`: which C module has that initializer differs from build to build, since libcurl's headers include the same file.
        let (none, all) = (UnsafeMutablePointer<sigset_t>.allocate(capacity: 1), UnsafeMutablePointer<sigset_t>.allocate(capacity: 1))
        defer { [none, all].forEach { $0.deallocate() } }
        sigemptyset(none)
        sigfillset(all)
        posix_spawnattr_setsigmask(&attributes, none)
        posix_spawnattr_setsigdefault(&attributes, all)
        var arguments: [UnsafeMutablePointer<CChar>?] = self.options.arguments.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = self.options.environment.map { strdup($0) } + [nil]
        defer { (arguments + environment).forEach { free($0) } }
        var child: pid_t = 0
        let code = ProgramPipe.starting.withLock { _ in
            posix_spawn(&child, self.options.arguments[0], &actions, &attributes, &arguments, &environment)
        }
        guard code == 0 else { return .failure(SpoolError("run", self.options.arguments[0], String(cString: strerror(code)))) }
        return .success(child)
    }

    private static func outcome(_ status: Int32, wasInterrupted: Bool) -> JobOutcome {
        let signal = status & 0x7F
        let code = (status >> 8) & 0xFF
        if signal == 0, code == 0, !wasInterrupted { return .done }
        if wasInterrupted { return .failed("the command was ended") }
        return .failed(signal == 0 ? "the command ended with exit code \(code)" : "the command was killed by signal \(signal)")
    }
}
