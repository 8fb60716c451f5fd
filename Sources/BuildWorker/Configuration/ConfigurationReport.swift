/// Every setting with its variable, its effective value and where that came from, for `worker config`.
public struct ConfigurationReport: Sendable {
    public struct Row: Sendable, Hashable {
        public let key: String
        public let variable: String
        /// `<redacted>` for a secret, null where there is none.
        public let value: JSONValue
        /// Of the value, for example `min`.
        public let unit: String?
        public let origin: ConfigurationOrigin

        /// The value with its unit, for people, on one line.
        public var valueText: String {
            let text =
                switch self.value {
                case .null: "(none)"
                case .string(let text): text.isEmpty || text.unicodeScalars.contains { $0.value < 0x20 } ? self.value.text() : text
                case .bool, .number, .array, .object: self.value.text()
                }
            return self.unit.map { "\(text) \($0)" } ?? text
        }
    }

    public let rows: [Row]

    init(_ configuration: WorkerConfiguration, variables: [String: String], origins: [String: ConfigurationOrigin]) {
        // What is not said of the sandbox is not shown either: it is as `executor.k8s` has it.
        let settings = Setting.all + Setting.overrides.filter { origins[$0.key] != nil }
        self.rows = settings.map { setting in
            Row(
                key: setting.key, variable: variables[setting.key] ?? "", value: setting.value(configuration), unit: setting.unit,
                origin: origins[setting.key] ?? .default)
        }
    }

    /// Aligned columns, without a line break at the end. Values stand last: they may be long.
    public var table: String {
        let header = ["VARIABLE", "KEY", "ORIGIN", "VALUE"]
        let lines = [header] + self.rows.map { [$0.variable, $0.key, $0.origin.description, $0.valueText] }
        let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            line.indices.map { column in
                let padding = column == line.count - 1 ? 0 : widths[column] - line[column].count
                return line[column] + String(repeating: " ", count: padding)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// `{"settings":[{"key","variable","value","unit","origin"}]}`; `unit` is null where the value has none.
    public var document: JSONValue {
        [
            "settings": .array(
                self.rows.map { row in
                    [
                        "key": .string(row.key), "variable": .string(row.variable), "value": row.value,
                        "unit": row.unit.map(JSONValue.string) ?? .null, "origin": .string(row.origin.description),
                    ]
                })
        ]
    }
}
