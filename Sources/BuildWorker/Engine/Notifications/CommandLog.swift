internal import Glibc
internal import Spool
internal import Support
internal import Synchronization

/// What a job's command says, in its log, up to a limit. A full disk costs the words and nothing else.
final class CommandLog: Sendable {
    private let file: Int32
    private let state: Mutex<(rest: Int, isCut: Bool)>

    /// - Parameters:
    ///   - limit: of the file; each run adds to it.
    ///   - perRun: of this run's words.
    init(_ path: String, limit: Int, perRun: Int) throws(SpoolError) {
        self.file = try SpoolFile.make(path, O_WRONLY | O_APPEND)
        var status = stat()
        // One that cannot be measured gets nothing.
        self.state = Mutex(
            (fstat(self.file, &status) == 0 ? min(perRun, max(0, limit - Int(status.st_size))) : 0, false))
        self.write(Array("--- \(Timestamp.now.text)\n".utf8)[...])
    }

    deinit { close(self.file) }

    /// - Returns: whether there may be more to come.
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
