/// A lossless JSON document: members keep their order and numbers keep their digits.
///
/// Messages and operators' JSON are passed on, so they must round-trip. Foundation's coders reorder members and round.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The literal as it was written, for example `8609231` or `0.25`.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package var name: String
        package var value: JSONValue

        package init(_ name: String, _ value: JSONValue) { (self.name, self.value) = (name, value) }
    }
}

extension JSONValue {
    /// The member with that name; the last one wins if a name is repeated, as in JavaScript.
    ///
    /// Setting `nil` removes the member; setting a value keeps its place or appends it.
    package subscript(name: String) -> JSONValue? {
        get {
            guard case .object(let members) = self else { return nil }
            return members.last { $0.name == name }?.value
        }
        set {
            guard case .object(var members) = self else { return }
            let place = members.lastIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append(Member(name, value))
            case (nil, nil): break
            }
            self = .object(members)
        }
    }

    /// Follows a path of member names, for example `["pipeline", "id"]`.
    package subscript(path path: String...) -> JSONValue? {
        path.reduce(self as JSONValue?) { value, name in value?[name] }
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    package var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    package var members: [Member]? { if case .object(let members) = self { members } else { nil } }
    package var isNull: Bool { self == .null }

    /// The number as an integer, if it is integral (`4`, `4.0`, `4e0`) and fits.
    package var integer: Int? {
        guard case .number(let literal) = self else { return nil }
        if let exact = Int(literal) { return exact }
        guard let value = Double(literal), value.rounded() == value, abs(value) < 9_007_199_254_740_992 else {
            return nil
        }
        return Int(value)
    }

    package var double: Double? { if case .number(let literal) = self { Double(literal) } else { nil } }

    /// Strings as they are, numbers and booleans as text; `nil` for null, arrays and objects.
    package var scalarText: String? {
        switch self {
        case .string(let text): text
        case .number(let literal): literal
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements.map { Member($0, $1) }) }
    package init(nilLiteral: ()) { self = .null }
}
