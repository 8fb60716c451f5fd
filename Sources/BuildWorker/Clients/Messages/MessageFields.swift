internal import Support

/// Reads the fields of one object of a message and collects all problems, so that one error reports them all.
struct MessageFields {
    enum Strictness { case refuse, ignore }

    /// In bytes, for ids and everything that becomes part of a path or label.
    static let idLimit = 255
    /// In bytes, for display names, images and URLs.
    static let nameLimit = 2048
    /// In bytes. A build's JWT takes a few hundred.
    static let tokenLimit = 16_384

    private let object: JSONValue
    private let path: String
    private let strictness: Strictness
    private var missing: [String] = []
    private var invalid: [String] = []

    /// Throws if `message` does not have that object.
    init(_ path: String, of message: JSONValue, _ strictness: Strictness = .refuse) throws(BuildMessageError) {
        switch message[path] {
        case nil, .null: throw .fields(missing: [path], invalid: [])
        case let object? where object.members != nil:
            (self.object, self.path, self.strictness) = (object, path, strictness)
        default: throw .fields(missing: [], invalid: [path])
        }
    }

    /// Reads a mandatory field. Absent, null and empty text all count as missing.
    ///
    /// `read` must not return a `JSONValue`: its literal `nil` is JSON's null, which would pass.
    ///
    /// - Parameter limit: maximum bytes of a text or number; bounds all external input at this point.
    mutating func required<Value>(_ name: String, upTo limit: Int = Self.nameLimit, _ read: (JSONValue) -> Value?)
        -> Value?
    {
        guard let value = self.value(name) else {
            self.missing.append("\(self.path).\(name)")
            return nil
        }
        let isTooLong = value.isLonger(than: limit)
        let result = isTooLong ? nil : read(value)
        if result == nil {
            self.invalid.append("\(self.path).\(name)\(isTooLong ? " (longer than \(limit) bytes)" : "")")
        }
        return result
    }

    mutating func optional<Value>(_ name: String, upTo limit: Int = Self.nameLimit, _ read: (JSONValue) -> Value?)
        -> Value?
    {
        guard let value = self.value(name) else { return nil }
        switch self.strictness {
        case .refuse: return self.required(name, upTo: limit, read)
        case .ignore: return value.isLonger(than: limit) ? nil : read(value)
        }
    }

    /// Mandatory only if invalid fields are refused.
    mutating func needed<Value>(_ name: String, upTo limit: Int = Self.nameLimit, _ read: (JSONValue) -> Value?)
        -> Value?
    {
        self.strictness == .refuse ? self.required(name, upTo: limit, read) : self.optional(name, upTo: limit, read)
    }

    /// Throws if any field read so far was missing or invalid.
    func check() throws(BuildMessageError) {
        guard self.missing.isEmpty && self.invalid.isEmpty else { throw self.error }
    }

    var error: BuildMessageError { .fields(missing: self.missing, invalid: self.invalid) }

    /// `pipeline.id` is the member `id` of the member `pipeline`.
    private func value(_ name: String) -> JSONValue? {
        let value = name.split(separator: ".").reduce(self.object as JSONValue?) { value, part in value?[String(part)] }
        return value == .null || value == "" ? nil : value
    }
}

extension JSONValue {
    /// Whether the text or number, or any nested one, member names included, exceeds the limit.
    fileprivate func isLonger(than limit: Int) -> Bool {
        switch self {
        case .string(let text), .number(let text): text.utf8.count > limit
        case .null, .bool: false
        case .array(let values): values.contains { $0.isLonger(than: limit) }
        case .object(let members): members.contains { $0.name.utf8.count > limit || $0.value.isLonger(than: limit) }
        }
    }
}
