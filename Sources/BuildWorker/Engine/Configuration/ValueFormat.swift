internal import Support

/// How the values of one type are written in variables and files, and shown to people.
struct ValueFormat<Value: Sendable>: Sendable {
    let shape: ValueShape
    /// Shown behind the value, for example `min`.
    let unit: String?
    /// Makes a value of what a layer says; the second argument is what the layers below said.
    let parse: @Sendable (RawValue, Value) throws(Mismatch) -> Value
    let render: @Sendable (Value) -> JSONValue

    init(
        _ shape: ValueShape, unit: String? = nil,
        parse: @escaping @Sendable (RawValue, Value) throws(Mismatch) -> Value,
        render: @escaping @Sendable (Value) -> JSONValue
    ) {
        (self.shape, self.unit, self.parse, self.render) = (shape, unit, parse, render)
    }

    /// One text, with the white space around it taken off unless `keepsSpace`. `nil` from `parse` means that it is wrong.
    static func scalar(
        _ expectation: String, unit: String? = nil, keepsSpace: Bool = false,
        render: @escaping @Sendable (Value) -> JSONValue,
        parse: @escaping @Sendable (String) -> Value?
    ) -> ValueFormat {
        ValueFormat(
            .text, unit: unit,
            parse: { raw, _ throws(Mismatch) in
                guard case .text(let text) = raw, let value = parse(keepsSpace ? text : text.trimmed) else {
                    throw Mismatch(expectation)
                }
                return value
            }, render: render)
    }

    /// A JSON document. `nil` from `parse` means that it is another one; what `parse` adds to its last argument is what is wrong in it.
    static func json(
        _ expectation: String, render: @escaping @Sendable (Value) -> JSONValue,
        parse: @escaping @Sendable (JSONValue, Value, inout [String]) -> Value?
    ) -> ValueFormat {
        ValueFormat(
            .json,
            parse: { raw, below throws(Mismatch) in
                var wrong: [String] = []
                guard let value = parse(try raw.json(expectation), below, &wrong) else { throw Mismatch(expectation) }
                guard wrong.isEmpty else { throw Mismatch(all: wrong) }
                return value
            }, render: render)
    }
}

/// What a variable holds; `Config/environment.yaml` says it too, as `format`, for whoever reads it.
enum ValueShape: String, Sendable {
    case text, list, json
}

/// Why what a layer says is not a value: what would be right, or each thing that is not.
struct Mismatch: Error, Hashable {
    let expectations: [String]

    init(_ expectations: String...) { self.expectations = expectations }
    init(all expectations: [String]) { self.expectations = expectations }
}
