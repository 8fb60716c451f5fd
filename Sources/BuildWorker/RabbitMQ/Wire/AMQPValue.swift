/// A field value of an AMQP table, as in headers and arguments.
package indirect enum AMQPValue: Hashable, Sendable {
    case void
    case bool(Bool)
    case int8(Int8)
    case uint8(UInt8)
    case int16(Int16)
    case uint16(UInt16)
    case int32(Int32)
    case uint32(UInt32)
    case int64(Int64)
    case uint64(UInt64)
    case float(Float)
    case double(Double)
    case decimal(scale: UInt8, value: UInt32)
    /// Text, or bytes declared as text; kept as bytes because brokers do not validate.
    case string([UInt8])
    case bytes([UInt8])
    /// Unix time in seconds.
    case timestamp(UInt64)
    case array([AMQPValue])
    case table(AMQPTable)
}

/// Named fields in wire order.
package struct AMQPTable: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        package var name: String
        package var value: AMQPValue

        package init(_ name: String, _ value: AMQPValue) { (self.name, self.value) = (name, value) }
    }

    package var fields: [Field]

    package init(_ fields: [Field] = []) { self.fields = fields }

    package var isEmpty: Bool { self.fields.isEmpty }

    /// The first field of that name. Setting replaces it, appends it, or removes it with `nil`.
    package subscript(name: String) -> AMQPValue? {
        get { self.fields.first { $0.name == name }?.value }
        set {
            let place = self.fields.firstIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): self.fields[place].value = value
            case (let place?, nil): self.fields.remove(at: place)
            case (nil, let value?): self.fields.append(Field(name, value))
            case (nil, nil): break
            }
        }
    }
}

extension AMQPTable: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, AMQPValue)...) { self.init(elements.map { Field($0, $1) }) }
}

extension AMQPValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .text(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }

    package static func text(_ text: String) -> AMQPValue { .string(Array(text.utf8)) }

    /// The field as text; `nil` if it is not text.
    package var text: String? {
        switch self {
        case .string(let bytes), .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        case .void, .bool, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float, .double, .decimal,
            .timestamp,
            .array, .table:
            nil
        }
    }

    /// The field as an integer of any width; `nil` if it is not an integer or does not fit.
    package var integer: Int? {
        switch self {
        case .int8(let value): Int(value)
        case .uint8(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int64(let value): Int(value)
        case .uint64(let value), .timestamp(let value): Int(exactly: value)
        case .void, .bool, .float, .double, .decimal, .string, .bytes, .array, .table: nil
        }
    }

    package var array: [AMQPValue]? { if case .array(let values) = self { values } else { nil } }
    package var table: AMQPTable? { if case .table(let table) = self { table } else { nil } }
}

extension AMQPValue {
    /// Size on the wire in bytes, type included.
    var encodedSize: Int {
        switch self {
        case .void: 1
        case .bool, .int8, .uint8: 2
        case .int16, .uint16: 3
        case .int32, .uint32, .float: 5
        case .decimal: 6
        case .int64, .uint64, .double, .timestamp: 9
        case .string(let bytes), .bytes(let bytes): 5 + bytes.count
        case .array(let values): values.reduce(5) { $0 + $1.encodedSize }
        case .table(let table): 1 + table.encodedSize
        }
    }
}

extension AMQPTable {
    /// Size on the wire in bytes.
    var encodedSize: Int { self.fields.reduce(4) { $0 + 1 + min(255, $1.name.utf8.count) + $1.value.encodedSize } }
}
