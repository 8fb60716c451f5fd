package import Support

/// Every setting with its variable, its effective value and where that came from, for `worker config`.
package struct ConfigurationReport: Sendable {
    package struct Row: Sendable, Hashable {
        package let key: String
        package let variable: String
        /// `<redacted>` for a secret, null where there is none.
        package let value: JSONValue
        /// Of the value, for example `min`.
        package let unit: String?
        package let origin: ConfigurationOrigin

        /// The value with its unit, for people, on one line.
        package var valueText: String {
            let plain = self.value.string.flatMap { $0.isEmpty || $0.hasControlCharacters ? nil : $0 }
            let text = self.value.isNull ? "(none)" : plain ?? self.value.text()
            return self.unit.map { "\(text) \($0)" } ?? text
        }
    }

    package let rows: [Row]

    init(_ configuration: WorkerConfiguration, variables: [String: String], origins: [String: ConfigurationOrigin]) {
        // What is not said of the sandbox is not shown either: it is as `executor.k8s` has it.
        let settings = Setting.all + Setting.overrides.filter { origins[$0.key] != nil }
        self.rows = settings.map { setting in
            Row(
                key: setting.key, variable: variables[setting.key] ?? "", value: setting.value(configuration),
                unit: setting.unit,
                origin: origins[setting.key] ?? .default)
        }
    }

    /// Aligned columns, without a line break at the end. Values stand last: they may be long.
    package var table: String {
        let lines =
            [["VARIABLE", "KEY", "ORIGIN", "VALUE"]]
            + self.rows.map { [$0.variable, $0.key, $0.origin.description, $0.valueText] }
        let widths = (0..<3).map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) + "  " }.joined() + line[3]
        }.joined(separator: "\n")
    }

    /// `{"settings":[{"key","variable","value","unit","origin"}]}`; `unit` is null where the value has none.
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
