/// Every key with its value and where that came from, for `worker config`.
public struct ConfigurationReport: Sendable {
    public struct Row: Hashable, Sendable {
        public let key: String
        public let variable: String
        /// `nil`: not set. Secrets are redacted.
        public let value: String?
        /// `default`, `environment` or the path of the file.
        public let origin: String
    }

    /// In the order of the table of keys.
    public let rows: [Row]

    /// Aligned text for a terminal.
    public var table: String {
        let lines = [["KEY", "VARIABLE", "ORIGIN", "VALUE"]] + self.rows.map { [$0.key, $0.variable, $0.origin, $0.value ?? "-"] }
        // The last column is free: it may be long.
        let widths = (0..<3).map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            let cells = zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return (cells + [line[3]]).joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// The same as an array of objects.
    public var document: JSONValue {
        .array(
            self.rows.map { row in
                [
                    "key": .string(row.key), "variable": .string(row.variable), "value": row.value.map { .string($0) } ?? .null,
                    "origin": .string(row.origin),
                ]
            })
    }
}
