internal import Support

/// How values of one type are written in variables and files, and displayed.
struct ValueFormat<Value: Sendable>: Sendable {
    let shape: ValueShape
    let unit: String?
    /// Parses a layer's value; the second argument is the value of the layers below.
    let parse: @Sendable (RawValue, Value) throws(Mismatch) -> Value
    let render: @Sendable (Value) -> JSONValue

    init(
        _ shape: ValueShape, unit: String? = nil,
        parse: @escaping @Sendable (RawValue, Value) throws(Mismatch) -> Value,
        render: @escaping @Sendable (Value) -> JSONValue
    ) {
        (self.shape, self.unit, self.parse, self.render) = (shape, unit, parse, render)
    }

    /// One text, trimmed unless `keepsSpace`. `parse` returns `nil` for an invalid text.
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

    /// A JSON document. `parse` returns `nil` for a wrong document, and appends errors within it to its last argument.
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

/// A variable's format; also given as `format` in `Config/environment.yaml`, for its readers.
enum ValueShape: String, Sendable {
    case text, list, json
}

/// An invalid value: what would be valid, or each thing that is not.
struct Mismatch: Error, Hashable {
    let expectations: [String]

    init(_ expectations: String...) { self.expectations = expectations }
    init(all expectations: [String]) { self.expectations = expectations }
}
