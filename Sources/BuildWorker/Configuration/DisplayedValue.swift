/// Values as people may see them.
enum DisplayedValue {
    static let redacted = "<redacted>"
    static let maximumLength = 100

    /// The value on one line; a password within a URL does not show.
    static func text(_ value: JSONValue, isSecret: Bool) -> String {
        if isSecret { return self.redacted }
        return self.singleLine(self.withoutCredentials(value.scalarText ?? (value.isNull ? "" : value.text())))
    }

    static func cut(_ text: String) -> String {
        text.count <= self.maximumLength ? text : "\(text.prefix(self.maximumLength))…"
    }

    private static func withoutCredentials(_ text: String) -> String {
        text.replacing(/:\/\/[^\/@\s"]*@/, with: "://\(self.redacted)@")
    }

    private static func singleLine(_ text: String) -> String {
        String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }
}
