internal import Glibc
internal import Synchronization
package import Workflow

/// The deliveries in progress, in a file of fixed-length lines: after a crash it shows which messages may be to blame.
///
/// It is on every delivery's critical path, hence two `pwrite`s and no sync: the page cache outlives the process, and a
/// message can crash only the process. Lines are overwritten in place, so a disk that fills up later does no harm.
package final class InFlightLedger: Sendable {
    /// A line of the file; release it with ``leave(_:)``.
    package struct Place: Sendable {
        fileprivate let line: Int
    }

    package struct Entry: Hashable, Sendable {
        let key: MessageKey
        let step: HandlingStep
    }

    static let lineLength = 64
    private let file: Int32
    private let free: Mutex<(lines: [Int], count: Int)>

    /// The deliveries in progress when a worker ended uncleanly; `nil` if there is no ledger.
    package static func survivors(_ path: String) throws(SpoolError) -> [Entry]? {
        try SpoolFile.read(path).map { Self.entries($0) }
    }

    /// Creates a new ledger; read the ``survivors(_:)`` of the old one first.
    ///
    /// - Parameter capacity: initial number of lines; grows as needed.
    package init(_ path: String, capacity: Int) throws(SpoolError) {
        self.file = try SpoolFile.make(path, O_RDWR | O_TRUNC)
        self.free = Mutex((Array((0..<capacity).reversed()), capacity))
        // Only after all properties are set: the deinitializer closes the file.
        for line in 0..<capacity where !Self.write(Self.blank, to: self.file, line: line) {
            throw SpoolError("write", path)
        }
    }

    deinit { close(self.file) }

    /// - Returns: `nil` if the disk has no room for another line.
    package func enter(_ key: MessageKey, _ step: HandlingStep) -> Place? {
        let line = self.free.withLock { free in
            if let line = free.lines.popLast() { return line }
            free.count += 1
            return free.count - 1
        }
        guard Self.write(Self.line(key, step), to: self.file, line: line) else {
            self.free.withLock { $0.lines.append(line) }
            return nil
        }
        return Place(line: line)
    }

    package func update(_ place: Place, _ key: MessageKey, _ step: HandlingStep) {
        _ = Self.write(Self.line(key, step), to: self.file, line: place.line)
    }

    package func leave(_ place: Place) {
        _ = Self.write(Self.blank, to: self.file, line: place.line)
        self.free.withLock { $0.lines.append(place.line) }
    }

    // MARK: Lines

    private static let blank = [UInt8](repeating: 0x20, count: lineLength - 1) + [0x0A]

    private static func line(_ key: MessageKey, _ step: HandlingStep) -> [UInt8] {
        var line = Self.blank
        line[0] = step.letter
        for (index, byte) in key.description.utf8.prefix(lineLength - 3).enumerated() { line[index + 2] = byte }
        return line
    }

    /// Skips damaged lines: a partial one is of a delivery not yet processed, and must not count as a crash.
    static func entries(_ bytes: [UInt8]) -> [Entry] {
        stride(from: 0, to: bytes.count, by: Self.lineLength).compactMap { start in
            let line = bytes[start..<min(start + Self.lineLength, bytes.count)]
            guard let step = line.first.flatMap(HandlingStep.init(letter:)) else { return nil }
            let key = MessageKey(String(decoding: line.dropFirst(2).prefix { $0 != 0x20 }, as: UTF8.self))
            return !key.description.isEmpty && line.elementsEqual(Self.line(key, step))
                ? Entry(key: key, step: step) : nil
        }
    }

    private static func write(_ bytes: [UInt8], to file: Int32, line: Int) -> Bool {
        bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(line * Self.lineLength)) == $0.count }
    }
}
