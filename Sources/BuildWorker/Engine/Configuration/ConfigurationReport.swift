package import Support

/// Every setting with its variable, effective value and origin, for `worker config`.
package struct ConfigurationReport: Sendable {
    package struct Row: Sendable, Hashable {
        package let key: String
        package let variable: String
        /// `<redacted>` for a secret, null if unset.
        package let value: JSONValue
        /// The unit of the value, for example `min`.
        package let unit: String?
        package let origin: ConfigurationOrigin

        package var valueText: String {
            let plain = self.value.string.flatMap { $0.isEmpty || $0.hasControlCharacters ? nil : $0 }
            let text = self.value.isNull ? "(none)" : plain ?? self.value.text()
            return self.unit.map { "\(text) \($0)" } ?? text
        }
    }

    package let rows: [Row]

    init(_ configuration: WorkerConfiguration, variables: [String: String], origins: [String: ConfigurationOrigin]) {
        // Options of derived executors that only inherit from `executor.k8s` are omitted.
        let settings = Setting.all + Setting.overrides.filter { origins[$0.key] != nil }
        self.rows = settings.map { setting in
            Row(
                key: setting.key, variable: variables[setting.key] ?? "", value: setting.value(configuration),
                unit: setting.unit,
                origin: origins[setting.key] ?? .default)
        }
    }

    /// Aligned columns, without a trailing newline. Values come last because they may be long.
    package var table: String {
        let lines =
            [["VARIABLE", "KEY", "ORIGIN", "VALUE"]]
            + self.rows.map { [$0.variable, $0.key, $0.origin.description, $0.valueText] }
        let widths = (0..<3).map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) + "  " }.joined() + line[3]
        }.joined(separator: "\n")
    }

    /// `{"settings":[{"key","variable","value","unit","origin"}]}`; `unit` is null for a value without one.
    package var document: JSONValue {
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
