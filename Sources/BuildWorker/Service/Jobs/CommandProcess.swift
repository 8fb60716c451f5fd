internal import Glibc
internal import Synchronization

/// One run of an operator's command: a process group of its own, the event on stdin, its words in the job's log.
struct CommandProcess: Sendable {
    let options: CommandOptions

    /// When cancelled, the group gets INT, then TERM, then KILL.
    func run(_ input: [UInt8], log: String) async -> JobOutcome {
        let interruption: ProgramPipe
        do throws(SpoolError) { interruption = try ProgramPipe() } catch { return .failed(error.description) }
        return await withTaskCancellationHandler {
            do {
                return try await OwnThread.run { try CommandSupervision(self.options, log: log, interruption: interruption).run(input) }
            } catch { return .failed("\(error)") }
        } onCancel: {
            interruption.closeWriting()
        }
    }
}

/// The two ends of a pipe; neither is inherited by programs, and both are closed with it.
final class ProgramPipe: Sendable {
    let reading: Int32
    private let writing: Mutex<Int32>

    init() throws(SpoolError) {
        var ends: [Int32] = [-1, -1]
        let isMade = Self.starting.withLock { _ in
            pipe(&ends) == 0 && ends.allSatisfy { fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }
        }
        self.reading = ends[0]
        self.writing = Mutex(ends[1])
        // Thrown with all properties set: the deinitializer closes what there is.
        guard isMade else { throw SpoolError("make", "a pipe") }
    }

    /// Held while a program starts, so that none inherits a pipe that is just being made.
    static let starting = Mutex(())

    deinit {
        if self.reading >= 0 { close(self.reading) }
        self.closeWriting()
    }

    /// Whoever reads then sees the end.
    func closeWriting() {
        self.writing.withLock { end in
            if end >= 0 { close(end) }
            end = -1
        }
    }

    func withWriting<Result>(_ body: (Int32) -> Result) -> Result { self.writing.withLock { body($0) } }
}
