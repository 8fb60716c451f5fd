internal import Support

/// What a layer says about a key, before anyone knows what it means.
enum RawValue: Hashable, Sendable {
    /// A variable's text, or a scalar of a YAML file with its quotes taken off.
    case text(String)
    /// A list or map of a YAML file.
    case document(JSONValue)

    init(_ value: JSONValue) { self = value.scalarText.map(RawValue.text) ?? .document(value) }

    /// The document in it; a text is parsed.
    private func parsed() throws(JSONError) -> JSONValue {
        switch self {
        case .document(let document): document
        case .text(let text): try JSONValue(parsing: text)
        }
    }

    /// The JSON object in it, if it is one.
    var object: JSONValue? {
        do throws(JSONError) {
            let document = try self.parsed()
            return document.members == nil ? Optional.none : document
        } catch { return Optional.none }
    }

    func json(_ expectation: String) throws(Mismatch) -> JSONValue {
        do throws(JSONError) { return try self.parsed() } catch { throw Mismatch("\(expectation); it is \(error)") }
    }

    /// A JSON array of nothing but strings.
    func strings(_ expectation: String) throws(Mismatch) -> [String] {
        let elements = try self.json(expectation).array
        guard let elements, elements.allSatisfy({ $0.string != nil }) else { throw Mismatch(expectation) }
        return elements.compactMap(\.string)
    }

    /// As people should see it in a problem: on one line, without credentials, not too long. Of JSON, what our settings are made of.
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
    /// As JSON has it, cut if long.
    var quoted: String { RawValue.text(self).shown }
}
