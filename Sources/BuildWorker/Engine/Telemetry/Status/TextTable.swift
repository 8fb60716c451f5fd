internal import Support

/// A table with each column as wide as its widest cell.
struct TextTable {
    struct Column {
        let title: String
        let isNumber: Bool
        let cell: (JSONValue) -> StyledText

        init(_ title: String, isNumber: Bool = false, _ cell: @escaping (JSONValue) -> StyledText) {
            (self.title, self.isNumber, self.cell) = (title, isNumber, cell)
        }

        /// A member's value; a dash if unknown.
        static func text(_ title: String, _ member: String, _ tone: StyledText.Tone = .plain) -> Column {
            Column(title) { StyledText($0.text(member), tone) }
        }
        static func number(_ title: String, _ member: String) -> Column {
            Column(title, isNumber: true) { StyledText($0.text(member)) }
        }
        /// Of seconds.
        static func duration(_ title: String, _ member: String) -> Column {
            Column(title, isNumber: true) { StyledText($0[member].duration) }
        }
    }

    let columns: [Column]
    let rows: [[StyledText]]

    init(_ columns: [Column], of entries: [JSONValue]) {
        self.columns = columns
        self.rows = entries.map { entry in columns.map { $0.cell(entry) } }
    }

    /// - Parameter limit: rows shown; a last line counts the rest.
    func lines(limit: Int, colours: Bool) -> [String] {
        let shown = self.rows.prefix(limit)
        let titles = self.columns.map { StyledText($0.title.uppercased(), .quiet) }
        let all = [titles] + shown
        let widths = self.columns.indices.map { column in all.map { $0[column].text.count }.max() ?? 0 }
        var lines = all.map { row in self.line(row, widths, colours) }
        if self.rows.count > limit { lines.append("  … and \(self.rows.count - limit) more") }
        return lines
    }

    private func line(_ row: [StyledText], _ widths: [Int], _ colours: Bool) -> String {
        var line = ""
        // Trailing spaces could wrap the line.
        var pending = 2
        for (column, cell) in row.enumerated() {
            let padding = widths[column] - cell.text.count
            let isNumber = self.columns[column].isNumber
            if isNumber { pending += padding }
            if !cell.text.isEmpty {
                line += String(repeating: " ", count: pending) + cell.shown(colours)
                pending = 0
            }
            pending += (isNumber ? 0 : padding) + 2
        }
        return line
    }
}
