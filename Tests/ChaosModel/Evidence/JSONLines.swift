package import Foundation
import Synchronization

/// A file with a JSON object a line, to which several tasks write.
package final class JSONLines<Record: Codable & Sendable>: Sendable {
    private let file: Mutex<FileHandle>

    /// Replaces the file.
    package init(_ url: URL) throws {
        try Data().write(to: url)
        self.file = Mutex(try FileHandle(forWritingTo: url))
    }

    package func write(_ record: Record) throws {
        let line = try JSONEncoder().encode(record) + Data("\n".utf8)
        try self.file.withLock { try $0.write(contentsOf: line) }
    }
}

extension EvidenceFiles {
    /// Reads a file with a record a line. Throws at the first line that is none, and names it.
    static func records<Record: Decodable>(in file: URL) throws -> [Record] {
        let decoder = JSONDecoder()
        return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
            do { return try decoder.decode(Record.self, from: line) } catch {
                throw UnreadableEvidence(description: "\(file.lastPathComponent), line \(number + 1): \(error)")
            }
        }
    }
}

/// A file of the evidence is not what it should be.
package struct UnreadableEvidence: Error, CustomStringConvertible {
    package let description: String
}
