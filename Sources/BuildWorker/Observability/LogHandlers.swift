internal import Foundation
internal import Glibc
public import Logging

/// Where log lines go. One line is one `write(2)` where the kernel takes it whole; the lock keeps long lines, which a
/// pipe may take in parts, from mixing.
public final class LogOutput: Sendable {
    private let lock = NSLock()
    private let descriptor: Int32

    public init(descriptor: Int32 = 1) { self.descriptor = descriptor }

    func write(_ line: [UInt8]) {
        self.lock.withLock {
            var rest = line[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if written < 0, errno == EINTR {
                    continue
                } else if written < 0, errno == EAGAIN {
                    // A reader that is behind gets a moment; the worker's work matters more than its log.
                    var descriptor = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                    guard poll(&descriptor, 1, 1000) > 0 else { return }
                } else {
                    return  // nobody reads any more
                }
            }
        }
    }
}

/// Log lines for machines (one JSON object each) or for people.
public struct WorkerLogHandler: LogHandler {
    public enum Format: Sendable { case json, text }

    /// These come first, in this order; other metadata follows by name.
    private static let leading = ["queue", "jobType", "buildId", "jobId", "attempt"]
    /// The line's own. Metadata of that name gets a `_` before it: a reader of JSON would keep the last of two and lose the sentence.
    private static let own: Set = ["timestamp", "level", "message"]

    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let output: LogOutput
    private let format: Format

    public init(format: Format, level: Logger.Level, output: LogOutput) {
        (self.format, self.logLevel, self.output) = (format, level, output)
    }

    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let metadata = event.metadata.map { self.metadata.merging($0) { $1 } } ?? self.metadata
        let fields = Self.leading.compactMap { key in metadata[key].map { (key, $0) } }
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
        for (name, value) in fields { members.append(.init(Self.own.contains(name) ? "_\(name)" : name, Self.value(value))) }
        return JSONValue.object(members).serialized() + [0x0A]
    }

    private static func value(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): Int(text).map { .number(String($0)) }.flatMap { $0.scalarText == text ? $0 : nil } ?? .string(text)
        case .stringConvertible(let value): (value as? Int).map { .number(String($0)) } ?? .string(value.description)
        case .array(let values): .array(values.map { Self.value($0) })
        case .dictionary(let values): .object(values.sorted { $0.key < $1.key }.map { .init($0.key, Self.value($0.value)) })
        }
    }

    private static func text(_ event: LogEvent, _ fields: [(String, Logger.MetadataValue)]) -> [UInt8] {
        let level = event.level.rawValue.uppercased().padding(toLength: 8, withPad: " ", startingAt: 0)
        let rest = fields.map { " \($0.0)=\($0.1)" }.joined()
        // A line is a line: what came from outside must not start a new one.
        let line = "\(Timestamp.now.text) \(level) \(event.message)\(rest)"
        return line.utf8.flatMap { $0 == 0x0A ? Array("\\n".utf8) : [$0 < 0x20 || $0 == 0x7F ? 0x20 : $0] } + [0x0A]
    }
}

extension Logger.Level {
    public init(_ level: LogOptions.Level) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
