/// Rows of text under each other, each column as wide as its widest cell.
struct TextTable {
    struct Column {
        let title: String
        var isNumber = false
    }

    let columns: [Column]
    var rows: [[StyledText]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// - Parameter limit: rows that are shown; how many are left out is told.
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
        // Spaces at the end of a line would only make it wrap.
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
