package import Support
internal import Workflow

extension BuildMessage {
    enum Kind: String, CaseIterable { case start, stop, verify, clear }

    /// Decodes the body of a delivery.
    ///
    /// A `start` must be complete, with a valid value in every field the worker uses. A `stop` or `verify` needs only
    /// its build: fields not needed to find a pod must not keep it running or pending.
    package init(decoding body: [UInt8]) throws(BuildMessageError) {
        guard !body.isEmpty else { throw .emptyBody }
        let document: JSONValue
        do { document = try JSONValue(parsing: body) } catch { throw .malformedJSON(error) }
        guard document.members != nil else { throw .notAnObject }
        switch try Self.kind(of: document) {
        case .start: self.init(job: .start(try BuildConfig(decoding: document, .refuse)), document: document)
        case .stop: self.init(job: .stop(try BuildConfig(decoding: document, .ignore)), document: document)
        case .verify: self.init(job: .verify(try BuildConfig(decoding: document, .ignore)), document: document)
        case .clear: self.init(job: .clear(try CacheConfig(decoding: document)), document: document)
        }
    }

    /// The message with `verify` as its job, as sent to the retry queue. All else is unchanged and in order.
    package func asVerify() -> JSONValue {
        var document = self.document
        document["job"] = .string(Kind.verify.rawValue)
        return document
    }

    private static func kind(of document: JSONValue) throws(BuildMessageError) -> Kind {
        switch document["job"] {
        case nil, .null, .string(""): throw .fields(missing: ["job"], invalid: [])
        case .string(let name):
            guard let kind = Kind(rawValue: name) else { throw .unknownJob }
            return kind
        default: throw .fields(missing: [], invalid: ["job"])
        }
    }
}

extension BuildConfig {
    fileprivate init(decoding document: JSONValue, _ strictness: MessageFields.Strictness) throws(BuildMessageError) {
        var fields = try MessageFields("buildConfig", of: document, strictness)
        let buildID = fields.required("buildId", BuildMessage.buildID)
        let container = fields.needed("container", \.string)
        let apiURI = fields.needed("apiUri", BuildMessage.baseAddress)
        let token = fields.needed("token", upTo: MessageFields.tokenLimit, \.string)
        func name(_ name: String) -> String? { fields.optional(name, BuildMessage.identifier) }
        func id(_ name: String) -> String? {
            fields.optional(name, upTo: MessageFields.idLimit, BuildMessage.identifier)
        }
        let (jobID, eventID, pipelineID, pullRequestNumber) = (
            id("jobId"), id("eventId"), id("pipeline.id"), id("prNum")
        )
        let (jobName, pipelineName) = (name("jobName"), name("pipeline.name"))
        let (templateName, templateVersion) = (name("template.fullName"), name("template.version"))
        let annotations = fields.optional("annotations", upTo: MessageFields.tokenLimit, \.members)
        try fields.check()
        guard let buildID else { throw fields.error }
        self.init(
            buildID: buildID, jobID: jobID, jobName: jobName, eventID: eventID, pipelineID: pipelineID,
            pipelineName: pipelineName,
            templateName: templateName, templateVersion: templateVersion, pullRequestNumber: pullRequestNumber,
            container: container, apiURI: apiURI, token: token.map(Secret.init), annotations: .object(annotations ?? [])
        )
    }
}

extension CacheConfig {
    /// Each path component must be a single plain name, because the directory is deleted.
    fileprivate init(decoding document: JSONValue) throws(BuildMessageError) {
        var fields = try MessageFields("cacheConfig", of: document)
        _ = fields.required("resource") { $0 == "caches" ? true : nil }
        _ = fields.required("action") { $0 == "delete" ? true : nil }
        let scope = fields.required("scope") { $0.string.flatMap(Scope.init(rawValue:)) }
        func single(_ text: String?) -> String? { text.flatMap { PathComponent.isSingle($0) ? $0 : nil } }
        let prefix = fields.optional("prefix", upTo: MessageFields.idLimit) { single($0.string) } ?? ""
        func component(_ name: String) -> String? {
            fields.required(name, upTo: MessageFields.idLimit) { single(BuildMessage.identifier($0)) }
        }
        let pipelineID = component("pipelineId")
        // A pipeline's directory is named after `pipelineId`; `id` repeats it.
        let id = scope == .pipelines ? pipelineID : component("id")
        try fields.check()
        guard let scope, let pipelineID, let id else { throw fields.error }
        self.init(scope: scope, prefix: prefix, pipelineID: pipelineID, id: id)
    }
}

/// Decoding of single values; `nil`: invalid.
extension BuildMessage {
    /// A string, or a number as a string: publishers send ids as either.
    static func identifier(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text.isEmpty ? nil : text
        case .number(let literal): value.integer.map(String.init) ?? literal
        case .null, .bool, .array, .object: nil
        }
    }

    /// An integer above 0, or a string of its digits.
    fileprivate static func buildID(_ value: JSONValue) -> BuildID? {
        let number: Int? =
            if let text = value.string { text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? Int(text) : nil } else {
                value.integer
            }
        return number.flatMap { $0 > 0 ? BuildID(rawValue: $0) : nil }
    }

    /// An `http` or `https` URL to which a path can be appended; trailing slashes are removed.
    fileprivate static func baseAddress(_ value: JSONValue) -> String? {
        guard let text = value.string, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let base = text.prefix { $0 != "?" && $0 != "#" }
        guard base.count == text.count, let colon = text.firstRange(of: "://") else { return nil }
        guard ["http", "https"].contains(text[..<colon.lowerBound].lowercased()) else { return nil }
        // Addresses are logged, so passwords in them are rejected.
        guard Host.isAuthority(text[colon.upperBound...].prefix { $0 != "/" }) else { return nil }
        var trimmed = text[...]
        while trimmed.last == "/" { trimmed.removeLast() }
        return String(trimmed)
    }
}
