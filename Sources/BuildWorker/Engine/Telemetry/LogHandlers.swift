internal import Foundation
internal import Glibc
package import Logging
internal import Support
internal import Synchronization

/// Output of log lines; callers never wait. A line is written at once if the kernel accepts it, so that it survives a
/// crash; others go through a thread. Beyond the backlog limit lines are dropped and counted.
package final class LogOutput: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var isWriting = false
    }

    /// Backlog limit in bytes.
    private static let limit = 4 << 20
    private static let dropped = Atomic(0)
    /// Since process start, over all outputs.
    package static var droppedLines: Int { Self.dropped.load(ordering: .relaxed) }

    private let state = Mutex(State())
    private let descriptor: Int32

    private let takesPiecesAtOnce: Bool

    package init(descriptor: Int32 = 1) {
        self.descriptor = descriptor
        var information = stat()
        self.takesPiecesAtOnce =
            fstat(descriptor, &information) == 0 && [S_IFIFO, S_IFREG].contains(information.st_mode & S_IFMT)
    }

    func write(_ line: [UInt8]) {
        self.state.withLock { state in
            var rest = line[...]
            // A writable pipe accepts this much at once and in one piece (`PIPE_BUF`). A terminal may not.
            if !state.isWriting, line.count <= 4096, self.takesPiecesAtOnce, self.isReady(atMost: 0) {
                let written = line.withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
                rest = rest.dropFirst(max(0, written))
                if rest.isEmpty { return }
            }
            guard state.waiting.count + rest.count <= Self.limit else {
                Self.dropped.add(1, ordering: .relaxed)
                return
            }
            state.waiting += rest
            if !state.isWriting {
                state.isWriting = true
                Thread { [self] in self.writeWaiting() }.start()
            }
        }
    }

    private func writeWaiting() {
        while true {
            let lines = self.state.withLock { state in
                defer { state.waiting = [] }
                if state.waiting.isEmpty { state.isWriting = false }
                return state.waiting
            }
            if lines.isEmpty { return }
            self.writeAll(lines)
        }
    }

    /// Waits for a slow reader, within limits; call it before the process ends.
    package func flush(within limit: Duration = .seconds(1)) async {
        let end = ContinuousClock.now + limit
        while self.state.withLock({ $0.isWriting }), .now < end {
            // A cancelled task does not wait.
            do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
        }
    }

    private func isReady(atMost milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&descriptor, 1, milliseconds) > 0
    }

    private func writeAll(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written < 0, errno == EAGAIN {
                _ = self.isReady(atMost: 1000)
            } else if written < 0, errno != EINTR {
                // The reader is gone.
                Self.dropped.add(rest.count { $0 == 0x0A }, ordering: .relaxed)
                return
            }
        }
    }
}

/// Formats log lines as JSON objects or as plain text.
package struct WorkerLogHandler: LogHandler {
    package enum Format: Sendable { case json, text }

    /// These come first, in this order; other metadata is sorted by name.
    private static let leading = ["queue", "jobType", "buildId", "jobId", "attempt"]
    /// Reserved keys. Metadata with such a name gets a `_` prefix: JSON readers keep the last of two duplicates.
    private static let own: Set = ["timestamp", "level", "message"]

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let output: LogOutput
    private let format: Format

    package init(format: Format, level: Logger.Level, output: LogOutput) {
        (self.format, self.logLevel, self.output) = (format, level, output)
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let metadata = event.metadata.map { self.metadata.merging($0) { $1 } } ?? self.metadata
        let fields =
            Self.leading.compactMap { key in metadata[key].map { (key, $0) } }
            + metadata.filter { !Self.leading.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        switch self.format {
        case .json: self.output.write(Self.json(event, fields))
        case .text: self.output.write(Self.text(event, fields))
        }
    }

    private static func json(_ event: LogEvent, _ fields: [(String, Logger.MetadataValue)]) -> [UInt8] {
        var members: [JSONValue.Member] = [
            .init("timestamp", .string(Timestamp.now.text)), .init("level", .string(event.level.rawValue)),
            .init("message", .string(event.message.description)),
        ]
        for (name, value) in fields {
            members.append(.init(Self.own.contains(name) ? "_\(name)" : name, Self.value(value)))
        }
        return JSONValue.object(members).serialized() + [0x0A]
    }

    private static func value(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        // Always text: an id of digits must not change its type, or lose digits as a Double.
        case .string(let text): .string(text)
        case .stringConvertible(let value):
            Self.isNumber(value) ? .number(value.description) : .string(value.description)
        case .array(let values): .array(values.map { Self.value($0) })
        case .dictionary(let values):
            .object(values.sorted { $0.key < $1.key }.map { .init($0.key, Self.value($0.value)) })
        }
    }

    private static func isNumber(_ value: any CustomStringConvertible) -> Bool {
        value is any BinaryInteger || (value as? Double)?.isFinite == true
    }

    private static func text(_ event: LogEvent, _ fields: [(String, Logger.MetadataValue)]) -> [UInt8] {
        let level = event.level.rawValue.uppercased().padding(toLength: 8, withPad: " ", startingAt: 0)
        let rest = fields.map { " \($0.0)=\($0.1)" }.joined()
        // Line breaks in input must not start a new log line.
        let line = "\(Timestamp.now.text) \(level) \(event.message)\(rest)"
        return line.utf8.flatMap { $0 == 0x0A ? Array("\\n".utf8) : [$0 < 0x20 || $0 == 0x7F ? 0x20 : $0] } + [0x0A]
    }
}

extension Logger.Level {
    package init(_ level: LogOptions.Level) { self = Self(rawValue: level.rawValue) ?? .info }
}
