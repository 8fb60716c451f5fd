internal import Support

/// Reads the fields of one object of a message and remembers everything that is wrong with them, so that one error can
/// tell it all.
struct MessageFields {
    /// What to do about a field that is there but makes no sense.
    enum Strictness { case refuse, ignore }

    /// Bytes of ids, and of whatever becomes part of a path or a label.
    static let idLimit = 255
    /// Of names for people, images and addresses.
    static let nameLimit = 2048
    /// A build's JWT takes some hundred bytes.
    static let tokenLimit = 16_384

    private let object: JSONValue
    private let path: String
    private let strictness: Strictness
    private var missing: [String] = []
    private var invalid: [String] = []

    /// Throws where `message` has no such object.
    init(_ path: String, of message: JSONValue, _ strictness: Strictness = .refuse) throws(BuildMessageError) {
        switch message[path] {
        case nil, .null: throw .fields(missing: [path], invalid: [])
        case let object? where object.members != nil:
            (self.object, self.path, self.strictness) = (object, path, strictness)
        default: throw .fields(missing: [], invalid: [path])
        }
    }

    /// Absent, null and the empty text are all the same: missing.
    ///
    /// `read` must not be made to return a `JSONValue`: its literal `nil` is JSON's null, which would pass.
    ///
    /// - Parameter limit: bytes of a text or a number. Here, so that nothing that comes from outside is of any length behind this border.
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

    /// Only where what makes no sense is refused.
    mutating func needed<Value>(_ name: String, upTo limit: Int = Self.nameLimit, _ read: (JSONValue) -> Value?)
        -> Value?
    {
        self.strictness == .refuse ? self.required(name, upTo: limit, read) : self.optional(name, upTo: limit, read)
    }

    /// Throws if anything was wrong with a field read so far.
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
    /// The text or number, or one of those in it, names of members included.
    fileprivate func isLonger(than limit: Int) -> Bool {
        switch self {
        case .string(let text), .number(let text): text.utf8.count > limit
        case .null, .bool: false
        case .array(let values): values.contains { $0.isLonger(than: limit) }
        case .object(let members): members.contains { $0.name.utf8.count > limit || $0.value.isLonger(than: limit) }
        }
    }
}
