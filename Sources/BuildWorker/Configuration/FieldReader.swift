/// Reads the fields of one object in a list and gathers what is wrong with them.
struct FieldReader {
    private let object: JSONValue
    private let index: Int
    private var known: [String] = []
    private var expectations: [String] = []

    init(_ object: JSONValue, index: Int) { (self.object, self.index) = (object, index) }

    /// A text that must be there.
    mutating func text(_ name: String) -> String {
        let text = self.optionalText(name) ?? ""
        if text.isEmpty { self.expect("'\(name)' is missing") }
        return text
    }

    mutating func absolutePath(_ name: String) -> String {
        let path = self.text(name)
        if !path.isEmpty, !path.hasPrefix("/") { self.expect("'\(name)' should be an absolute path") }
        return path
    }

    mutating func optionalText(_ name: String) -> String? {
        self.known.append(name)
        guard let value = self.object[name], !value.isNull else { return nil }
        guard let text = value.scalarText else {
            self.expect("'\(name)' should be text")
            return "?"
        }
        return text
    }

    mutating func optionalBoolean(_ name: String) -> Bool? {
        guard let text = self.optionalText(name) else { return nil }
        if let flag = ValueText.boolean(text) { return flag }
        self.expect("'\(name)' should be true or false")
        return nil
    }

    /// What is wrong, after all fields were read.
    mutating func finish() -> [String] {
        guard let members = self.object.members else { return ["[\(self.index)]: an object should stand here"] }
        for member in members where !self.known.contains(member.name) {
            self.expect("'\(member.name)' is unknown; there are \(self.known.joined(separator: ", "))")
        }
        return self.expectations
    }

    private mutating func expect(_ expectation: String) { self.expectations.append("[\(self.index)]: \(expectation)") }
}

extension KubernetesOptions.VolumeMount {
    static let kind = ValueKind<[Self]>.list { fields in
        Self(
            name: fields.text("name"), mountPath: fields.absolutePath("mountPath"), path: fields.absolutePath("path"),
            type: fields.optionalText("type"), readOnly: fields.optionalBoolean("readOnly"))
    }
}

extension KubernetesOptions.SecretVariable {
    static let kind = ValueKind<[Self]>.list { fields in
        Self(variable: fields.text("secret_env"), secretName: fields.text("secret_name"), key: fields.text("secret_key"))
    }
}

extension KubernetesOptions.SecretFiles {
    static let kind = ValueKind<[Self]>.list { fields in
        Self(
            name: fields.text("name"), mountPath: fields.absolutePath("mountPath"), secretName: fields.text("secretName"),
            readOnly: fields.optionalBoolean("readOnly"))
    }
}
