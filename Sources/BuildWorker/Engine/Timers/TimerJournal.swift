internal import RabbitMQ
internal import Spool
internal import Support

/// Init timers on disk, for a broker without an init queue. Files contain tokens: only the worker's user can read them.
final class TimerJournal: Sendable {
    package struct Entry: Hashable, Sendable {
        /// Milliseconds since 1970: unlike the monotonic clock it survives a restart.
        var dueAt: Int
        /// The message's headers: strings and integers.
        var headers: AMQPTable
        var body: [UInt8]
    }

    private let directory: String

    init(_ directory: String) throws(SpoolError) {
        try SpoolDirectory.make(directory)
        self.directory = directory
        // Partial files left by a crash; they may contain a token.
        for name in try SpoolFile.names(in: directory, drafts: true) { try SpoolFile.remove("\(directory)/\(name)") }
    }

    /// - Returns: the file name, for removal.
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

    /// All entries by file name; an error for an unreadable file.
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
        // Files of earlier versions contain only the round.
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
