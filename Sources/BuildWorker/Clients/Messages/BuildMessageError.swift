package import Support

/// Why a message is not valid for this worker. Retrying cannot help.
package enum BuildMessageError: Error, Hashable, Sendable, CustomStringConvertible {
    case emptyBody
    case malformedJSON(JSONError)
    /// Valid JSON, but not an object.
    case notAnObject
    /// `job` is not `start`, `stop`, `verify` or `clear`.
    case unknownJob
    /// All missing and invalid fields, by their paths in the message; at least one of the lists is not empty.
    case fields(missing: [String], invalid: [String])
    /// Its build API is not allowed, and why.
    case forbiddenAPI(String)
    /// Its `x-death` header was not written by a broker. Rejecting it would crash the broker's dead-lettering, so it is
    /// not retried like others (``DeathHistory/isMalformed``).
    case malformedDeathHistory
    /// Its headers are nested too deeply or too many to be read. Its death history is unknown, so it is not rejected.
    case unreadHeaders
    /// Too large, so it is not read. `hash`: set if the body was too large to be kept at all.
    case tooLarge(bytes: Int, limit: Int, hash: String?)
    /// Processing it has crashed the worker this many times.
    case poison(crashes: Int)
    /// The build API has failed for this message since then (Unix time in seconds) while serving others.
    case owed(since: Int)

    /// A stable short code for headers and metrics: `empty-body`, `malformed-json`, `not-an-object`, `unknown-job`,
    /// `missing-field`, `invalid-field`, `malformed-x-death`, `unread-headers`, `too-large`, `poison` or `owed`. With
    /// both missing and invalid fields, `missing-field`.
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

    /// Safe to log: names fields and positions, no values.
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
