internal import Support

/// An uninterpreted value from a layer.
enum RawValue: Hashable, Sendable {
    /// A variable's text, or an unquoted scalar of a YAML file.
    case text(String)
    case document(JSONValue)

    init(_ value: JSONValue) { self = value.scalarText.map(RawValue.text) ?? .document(value) }

    private func parsed() throws(JSONError) -> JSONValue {
        switch self {
        case .document(let document): document
        case .text(let text): try JSONValue(parsing: text)
        }
    }

    var object: JSONValue? {
        do throws(JSONError) {
            let document = try self.parsed()
            return document.members == nil ? Optional.none : document
        } catch { return Optional.none }
    }

    func json(_ expectation: String) throws(Mismatch) -> JSONValue {
        do throws(JSONError) { return try self.parsed() } catch { throw Mismatch("\(expectation); it is \(error)") }
    }

    func strings(_ expectation: String) throws(Mismatch) -> [String] {
        let elements = try self.json(expectation).array
        guard let elements, elements.allSatisfy({ $0.string != nil }) else { throw Mismatch(expectation) }
        return elements.compactMap(\.string)
    }

    /// For error messages: one line, no credentials, truncated. JSON is reduced to the types that our settings use.
    var shown: String {
        if case .text(let text) = self, !["{", "["].contains(text.trimmed.first) { return Self.shown(text) }
        do throws(JSONError) { return Self.shown(try self.parsed().redacted(.settings).text()) } catch {
            guard case .text(let text) = self else { return "" }
            return "<\(text.utf8.count) bytes that are not JSON: \(error)>"
        }
    }

    static let longestShown = 80

    private static func shown(_ text: String) -> String {
        let safe = text.withoutUserinfo
        let cut = safe.count > Self.longestShown ? "\(safe.prefix(Self.longestShown))…" : safe
        return JSONValue.string(cut).text()
    }
}

extension String {
    var quoted: String { RawValue.text(self).shown }
}
