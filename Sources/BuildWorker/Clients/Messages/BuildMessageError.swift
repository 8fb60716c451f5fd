package import Support

/// Why a delivery is not a message for this worker. Trying again does not help.
package enum BuildMessageError: Error, Hashable, Sendable, CustomStringConvertible {
    case emptyBody
    case malformedJSON(JSONError)
    /// Valid JSON, but not an object.
    case notAnObject
    /// `job` is none of `start`, `stop`, `verify`, `clear`.
    case unknownJob
    /// Everything that is wrong with the fields, by their paths in the message; at least one of the lists is not empty.
    case fields(missing: [String], invalid: [String])
    /// Nothing may be sent to the build API that it names, and why.
    case forbiddenAPI(String)
    /// Its `x-death` header is not a broker's. Rejecting such a message would crash the broker's dead-lettering, so it
    /// cannot be retried like others (``DeathHistory/isMalformed``).
    case malformedDeathHistory
    /// Its headers nest so deep, or are so many, that they are not read. What they say of its deaths is not known, so it is not rejected.
    case unreadHeaders
    /// Larger than a message may be, so it is not read. `hash`: of a body that was too large even to be kept.
    case tooLarge(bytes: Int, limit: Int, hash: String?)
    /// Handling it has ended the worker's process so many times.
    case poison(crashes: Int)
    /// The build API has not taken, or said, what this message is about since then (seconds since 1970), while others were served.
    case owed(since: Int)

    /// A short code that does not change, for headers and metrics: `empty-body`, `malformed-json`, `not-an-object`,
    /// `unknown-job`, `missing-field`, `invalid-field`, `malformed-x-death`, `unread-headers`, `too-large`,
    /// `poison` or `owed`. Where fields are both missing and invalid, `missing-field`.
    package var reason: String {
        switch self {
        case .emptyBody: "empty-body"
        case .malformedJSON: "malformed-json"
        case .notAnObject: "not-an-object"
        case .unknownJob: "unknown-job"
        case .fields(let missing, _): missing.isEmpty ? "invalid-field" : "missing-field"
        case .forbiddenAPI: "invalid-field"
        case .malformedDeathHistory: "malformed-x-death"
        case .unreadHeaders: "unread-headers"
        case .tooLarge: "too-large"
        case .poison: "poison"
        case .owed: "owed"
        }
    }

    /// Safe to log: names fields and positions, never a value.
    package var description: String {
        switch self {
        case .emptyBody: "the message is empty"
        case .malformedJSON(let error): error.description
        case .notAnObject: "the message is not a JSON object"
        case .unknownJob: "job is none of \(BuildMessage.Kind.allCases.map(\.rawValue).joined(separator: ", "))"
        case .fields(let missing, let invalid):
            [("missing", missing), ("invalid", invalid)].filter { !$0.1.isEmpty }
                .map { "\($0.0): \($0.1.joined(separator: ", "))" }.joined(separator: "; ")
        case .forbiddenAPI(let reason): "invalid: buildConfig.apiUri: \(reason)"
        case .malformedDeathHistory:
            "the x-death header is not as a broker writes it, so the message must not be dead-lettered"
        case .unreadHeaders: "its headers nest too deep, or are too many, to be read; they are not kept"
        case .tooLarge(let bytes, let limit, let hash):
            "it has \(bytes) bytes, more than RABBITMQ_MAX_MESSAGE_BYTES (\(limit)), and was not read"
                + (hash.map { "; it was too large to be kept, too: its hash is \($0)" } ?? "")
        case .poison(let crashes): "handling it ended the worker \(crashes) times"
        case .owed(let since):
            "what became of the build could not be told, or found out, since "
                + "\(Timestamp(secondsSince1970: since, milliseconds: 0).text), while other builds were served (the failure report says why). 'worker parked retry' tries it again, 'worker parked drop' ends it"
        }
    }
}
