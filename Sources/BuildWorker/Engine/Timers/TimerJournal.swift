internal import RabbitMQ
internal import Spool
internal import Support

/// Init timers on disk, a file each, for a broker that cannot hold them: a worker that is started again finds them.
///
/// A file holds the message that the timer will send, token and all, so that it is readable by the worker's user only.
final class TimerJournal: Sendable {
    package struct Entry: Hashable, Sendable {
        /// Milliseconds since 1970: a clock that a restart does not reset.
        var dueAt: Int
        /// Of the message: texts and whole numbers.
        var headers: AMQPTable
        /// The `verify` message.
        var body: [UInt8]
    }

    private let directory: String

    init(_ directory: String) throws(SpoolError) {
        try SpoolDirectory.make(directory)
        self.directory = directory
        // Halves of a crash; they may hold a token.
        for name in try SpoolFile.names(in: directory, drafts: true) { try SpoolFile.remove("\(directory)/\(name)") }
    }

    /// - Returns: the file's name, to remove it by.
    func write(_ entry: Entry) throws(SpoolError) -> String {
        let name = "\(entry.dueAt)-\(Fingerprint.of(entry.body)).json"
        let headers = entry.headers.fields.map {
            JSONValue.Member($0.name, $0.value.text.map { .string($0) } ?? .integer($0.value.integer ?? 0))
        }
        let document: JSONValue = [
            "dueAt": .integer(entry.dueAt), "headers": .object(headers),
            "message": .string(String(decoding: entry.body, as: UTF8.self)),
        ]
        try SpoolFile.replace("\(self.directory)/\(name)", with: document.serialized())
        return name
    }

    func remove(_ name: String) throws(SpoolError) { try SpoolFile.remove("\(self.directory)/\(name)") }

    /// All there are, by file name; for a file that cannot be read, why.
    func entries() throws(SpoolError) -> [(name: String, entry: Result<Entry, SpoolError>)] {
        var entries: [(String, Result<Entry, SpoolError>)] = []
        for name in try SpoolFile.names(in: self.directory) {
            let path = "\(self.directory)/\(name)"
            entries.append(
                (name, Result { () throws(SpoolError) in try Self.entry(try SpoolFile.read(path) ?? [], path) }))
        }
        return entries
    }

    static func entry(_ bytes: [UInt8], _ path: String) throws(SpoolError) -> Entry {
        let document: JSONValue
        do throws(JSONError) { document = try JSONValue(parsing: bytes) } catch {
            throw SpoolError("read", path, error.description)
        }
        // Files of earlier versions have the round alone.
        let round = document["round"].map {
            [JSONValue.Member("x-init-round", $0), .init("x-init-timer", .integer(1))]
        }
        guard let dueAt = document["dueAt"]?.integer, let headers = document["headers"]?.members ?? round,
            let message = document["message"]?.string
        else {
            throw SpoolError("read", path, "it is not an init timer")
        }
        let fields = headers.map {
            AMQPTable.Field($0.name, $0.value.string.map { .text($0) } ?? .int64(Int64($0.value.integer ?? 0)))
        }
        return Entry(dueAt: dueAt, headers: AMQPTable(fields), body: Array(message.utf8))
    }
}
