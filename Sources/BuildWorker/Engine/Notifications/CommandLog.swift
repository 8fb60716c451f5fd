internal import Glibc
internal import Spool
internal import Support
internal import Synchronization

/// Captures a command's output in the job's log, up to a limit. A full disk loses output only.
final class CommandLog: Sendable {
    private let file: Int32
    private let state: Mutex<(rest: Int, isCut: Bool)>

    /// - Parameter limit: bytes of the file over all runs; `perRun` limits this run's output.
    init(_ path: String, limit: Int, perRun: Int) throws(SpoolError) {
        self.file = try SpoolFile.make(path, O_WRONLY | O_APPEND)
        var status = stat()
        // A file whose size is unknown gets no output.
        self.state = Mutex(
            (fstat(self.file, &status) == 0 ? min(perRun, max(0, limit - Int(status.st_size))) : 0, false))
        self.write(Array("--- \(Timestamp.now.text)\n".utf8)[...])
    }

    deinit { close(self.file) }

    func copy(from source: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = bytes.withUnsafeMutableBytes { read(source, $0.baseAddress, $0.count) }
        if count < 0 { return errno == EINTR }
        self.write(bytes[..<count])
        return count > 0
    }

    func finish() {
        if self.state.withLock({ $0.isCut }) { self.append("\n--- cut: more than may be kept\n".utf8.map { $0 }[...]) }
    }

    private func write(_ bytes: ArraySlice<UInt8>) {
        let room = self.state.withLock { state in
            let room = min(state.rest, bytes.count)
            state = (state.rest - room, state.isCut || room < bytes.count)
            return room
        }
        self.append(bytes.prefix(room))
    }

    private func append(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        _ = bytes.withUnsafeBytes { Glibc.write(self.file, $0.baseAddress, $0.count) }
    }
}
