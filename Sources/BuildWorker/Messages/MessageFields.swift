/// Reads the fields of one object of a message and remembers everything that is wrong with them, so that one error can
/// tell it all.
struct MessageFields {
    /// What to do about a field that is there but makes no sense.
    enum Strictness { case refuse, ignore }

    private let object: JSONValue
    private let path: String
    private var missing: [String] = []
    private var invalid: [String] = []

    /// Throws where `message` has no such object.
    init(_ path: String, of message: JSONValue) throws(BuildMessageError) {
        switch message[path] {
        case nil, .null: throw .fields(missing: [path], invalid: [])
        case let object? where object.members != nil: (self.object, self.path) = (object, path)
        default: throw .fields(missing: [], invalid: [path])
        }
    }

    /// Absent, null and the empty text are all the same: missing.
    ///
    /// `read` must not be made to return a `JSONValue`: its literal `nil` is JSON's null, which would pass.
    mutating func required<Value>(_ name: String, _ read: (JSONValue) -> Value?) -> Value? {
        guard let value = self.value(name) else {
            self.missing.append("\(self.path).\(name)")
            return nil
        }
        return self.note(read(value), name)
    }

    mutating func optional<Value>(_ name: String, _ strictness: Strictness = .refuse, _ read: (JSONValue) -> Value?) -> Value? {
        guard let value = self.value(name) else { return nil }
        switch strictness {
        case .refuse: return self.note(read(value), name)
        case .ignore: return read(value)
        }
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

    private mutating func note<Value>(_ value: Value?, _ name: String) -> Value? {
        if value == nil { self.invalid.append("\(self.path).\(name)") }
        return value
    }
}
