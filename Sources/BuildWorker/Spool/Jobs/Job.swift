package import Support

/// The content of a job's file: the work, and earlier attempts.
package struct Job: Hashable, Sendable {
    package struct Trial: Hashable, Sendable {
        /// RFC 3339.
        package let at: String
        package let attempt: Int
        /// Safe to show.
        package let error: String
    }

    package let kind: JobKind
    /// Also in the file name; repeated for readers of the file alone.
    package var id: String
    /// RFC 3339.
    package let created: String
    /// Jobs with the same key run in creation order, even while one of them waits for a retry.
    package let orderKey: String?
    /// The latest ``historyLimit`` failed runs.
    package var history: [Trial]
    /// May contain a token: never show it unredacted.
    package let payload: JSONValue

    static let historyLimit = 30

    init(_ kind: JobKind, id: String, created: String, orderKey: String?, history: [Trial] = [], payload: JSONValue) {
        (self.kind, self.id, self.created, self.orderKey, self.history, self.payload) = (
            kind, id, created, orderKey, history, payload
        )
    }

    mutating func record(_ error: String, attempt: Int, at time: Timestamp) {
        self.history.append(Trial(at: time.text, attempt: attempt, error: error.sanitizedForLog(limit: 500)))
        if self.history.count > Self.historyLimit { self.history.removeFirst(self.history.count - Self.historyLimit) }
    }

    // MARK: As JSON

    /// The job with its payload redacted (``ShownMembers``).
    package var document: JSONValue { self.document(payload: self.payload.redacted(.job)) }

    var serialized: [UInt8] { self.document(payload: self.payload).serialized() }

    private func document(payload: JSONValue) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("kind", .string(self.kind.rawValue)), .init("id", .string(self.id)),
            .init("created", .string(self.created)),
        ]
        if let orderKey { members.append(.init("orderKey", .string(orderKey))) }
        let history = self.history.map { trial -> JSONValue in
            ["at": .string(trial.at), "attempt": .number(String(trial.attempt)), "error": .string(trial.error)]
        }
        return .object(members + [.init("history", .array(history)), .init("payload", payload)])
    }

    init(parsing bytes: [UInt8], _ path: String) throws(SpoolError) {
        let document: JSONValue
        do throws(JSONError) { document = try JSONValue(parsing: bytes) } catch {
            throw SpoolError("read", path, error.description)
        }
        guard let kind = document["kind"]?.string.flatMap(JobKind.init), let id = document["id"]?.string,
            let created = document["created"]?.string, let payload = document["payload"]
        else { throw SpoolError("read", path, "it is not a job") }
        let history = (document["history"]?.array ?? []).compactMap { trial -> Trial? in
            guard let at = trial["at"]?.string, let attempt = trial["attempt"]?.integer,
                let error = trial["error"]?.string
            else { return nil }
            return Trial(at: at, attempt: attempt, error: error)
        }
        self.init(
            kind, id: id, created: created, orderKey: document["orderKey"]?.string, history: history, payload: payload)
    }
}
