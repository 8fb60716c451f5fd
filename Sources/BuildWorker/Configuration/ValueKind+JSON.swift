extension ValueKind where Value == [(name: String, value: String)] {
    /// A JSON object of scalars. Its order stays; of a repeated name the last value counts.
    static func map(refusing reserved: Set<String> = []) -> Self {
        Self { (value: JSONValue) throws(Mismatch) -> [(name: String, value: String)] in
            guard let members = try JSONText.parsed(value).members else {
                throw Mismatch("a JSON object of texts would be right, for example {\"name\":\"value\"}")
            }
            var expectations: [String] = []
            var pairs: [(name: String, value: String)] = []
            for member in members {
                if reserved.contains(member.name) { expectations.append("'\(member.name)' is set by the worker and must not be set here") }
                guard let text = member.value.scalarText else {
                    expectations.append("'\(member.name)' should be text, a number or a boolean")
                    continue
                }
                if let place = pairs.firstIndex(where: { $0.name == member.name }) {
                    pairs[place].value = text
                } else {
                    pairs.append((member.name, text))
                }
            }
            guard expectations.isEmpty else { throw Mismatch(all: expectations) }
            return pairs
        }
    }
}

extension ValueKind where Value == JSONValue? {
    /// A JSON object that is passed on as it is; an empty one counts as none.
    static var object: Self {
        Self { (value: JSONValue) throws(Mismatch) -> JSONValue? in
            let object = try JSONText.parsed(value)
            guard let members = object.members else { throw Mismatch("a JSON object would be right") }
            return members.isEmpty ? nil : object
        }
    }
}

extension ValueKind {
    /// A JSON array of objects; `{}`, `[]` and `[{}]` mean none.
    static func list<Item>(of item: @escaping @Sendable (inout FieldReader) -> Item) -> Self where Value == [Item] {
        Self { (value: JSONValue) throws(Mismatch) -> [Item] in
            let document = try JSONText.parsed(value)
            guard let elements = document == [:] ? [] : document.array else { throw Mismatch("a JSON array of objects would be right") }
            var expectations: [String] = []
            var items: [Item] = []
            for (index, element) in elements.enumerated() where element != [:] {
                var fields = FieldReader(element, index: index)
                let made = item(&fields)
                expectations += fields.finish()
                items.append(made)
            }
            guard expectations.isEmpty else { throw Mismatch(all: expectations) }
            return items
        }
    }
}

/// A JSON document as a variable holds it (text) or as a file has it (YAML, or text as well).
enum JSONText {
    static func parsed(_ value: JSONValue) throws(Mismatch) -> JSONValue {
        guard let text = value.string else { return value }
        do throws(JSONError) {
            return try JSONValue(parsing: text)
        } catch { throw Mismatch("JSON would be right; this is \(error)") }
    }
}
