/// What a layer says about a key, before anyone knows what it means.
enum RawValue: Hashable, Sendable {
    /// A variable's text, or a scalar of a YAML file with its quotes taken off.
    case text(String)
    /// A list or map of a YAML file.
    case document(JSONValue)

    var isEmptyText: Bool { self == .text("") }

    /// The JSON object in it, if it is one.
    var object: JSONValue? {
        switch self {
        case .document(let document): return document.members.map(JSONValue.object)
        case .text(let text):
            do throws(JSONError) { return RawValue.document(try JSONValue(parsing: text)).object } catch { return nil }
        }
    }

    /// As people should see it in a problem: on one line, without credentials, not too long. Of JSON, what our settings are made of.
    var shown: String {
        switch self {
        case .document(let document): return Self.shown(document.redacted(.settings).text())
        case .text(let text):
            guard let first = text.trimmed.first, "{[".contains(first) else { return Self.shown(text) }
            do throws(JSONError) { return Self.shown(try JSONValue(parsing: text).redacted(.settings).text()) } catch {
                return "<\(text.utf8.count) bytes that are not JSON: \(error)>"
            }
        }
    }

    static let longestShown = 80

    private static func shown(_ text: String) -> String {
        let safe = text.withoutUserinfo
        let cut = safe.count > Self.longestShown ? "\(safe.prefix(Self.longestShown))…" : safe
        return JSONValue.string(cut).text()
    }
}

extension RawValue {
    init(_ value: JSONValue) {
        self = value.scalarText.map(RawValue.text) ?? .document(value)
    }
}
