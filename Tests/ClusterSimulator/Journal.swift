import Glibc
import NIOCore

/// What one request was and did, as the journal shows it.
struct JournalEntry {
    var listener: ListenerName
    var method: String
    var path: String
    /// nil when no answer is ever sent.
    var status: Int?
    var build: String?
    var pod: String?
    var effect: Effect
    /// Which rule or image made this request fail.
    var fault: String?
    var connection: Int
    /// Milliseconds by which the answer is held back.
    var delayMilliseconds: Int64
    /// The JSON body of an update of a build.
    var body: ByteBuffer?
}

/// A file with one JSON object a line for every request, in the order in which they took effect.
///
/// An entry is written when the request takes effect, also when its answer follows later or never:
/// tests judge by it what a worker did before it was killed. Lines are buffered; see `flush()`.
final class Journal {
    private let descriptor: CInt
    private var buffer = ByteBuffer()
    private var sequence = 0

    private static let flushSize = 256 * 1024

    /// Replaces the file. Throws when it cannot be written.
    init(path: String) throws(JournalError) {
        descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw JournalError(path: path, reason: String(cString: strerror(errno))) }
    }

    func write(_ entry: JournalEntry) {
        sequence += 1
        buffer.writeString("{\"seq\":\(sequence),\"t\":")
        buffer.writeString(Timestamp.now().unixSeconds)
        buffer.writeMember("listener", entry.listener.rawValue)
        buffer.writeMember("method", entry.method)
        buffer.writeMember("path", entry.path)
        buffer.writeStaticString(",\"status\":")
        buffer.writeString(entry.status.map { String($0) } ?? "null")
        buffer.writeMember("build", entry.build)
        buffer.writeMember("pod", entry.pod)
        buffer.writeMember("effect", entry.effect.description)
        buffer.writeMember("fault", entry.fault)
        buffer.writeString(",\"connection\":\(entry.connection)")
        if entry.delayMilliseconds > 0 { buffer.writeString(",\"delay_ms\":\(entry.delayMilliseconds)") }
        if let body = entry.body {
            buffer.writeStaticString(",\"body\":")
            buffer.writeImmutableBuffer(body)
        }
        buffer.writeStaticString("}\n")
        if buffer.readableBytes > Self.flushSize { flush() }
    }

    /// Hands all lines to the kernel, so that other processes can read them. Must be called at the end,
    /// before every control answer and regularly in between. What cannot be written is dropped: a full
    /// disk must not stop the simulated servers.
    func flush() {
        while buffer.readableBytes > 0 {
            let written = buffer.withUnsafeReadableBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            if written <= 0 { break }
            buffer.moveReaderIndex(forwardBy: written)
        }
        buffer.clear()
    }

    deinit { close(descriptor) }
}

/// The journal cannot be opened.
struct JournalError: Error, CustomStringConvertible {
    var path: String
    var reason: String
    var description: String { "cannot write the journal \(path): \(reason)" }
}
