package import Support

/// Formats `/status` for a terminal like the status page, most severe first.
package struct StatusText {
    let status: JSONValue
    private let colours: Bool
    private let limit: Int

    /// - Parameter limit: rows per table.
    package init(_ status: JSONValue, colours: Bool, limit: Int = .max) {
        (self.status, self.colours, self.limit) = (status, colours, limit)
    }

    /// Without a trailing newline.
    package var text: String {
        let sections = [
            self.heading, self.problems, self.inFlight, self.waiting, self.reports, self.connections, self.queues,
            self.spool, self.totals,
        ]
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private var heading: [String] {
        let verdict: StyledText =
            switch (self.status["live"]?.bool, self.status["draining"]?.bool, self.status["ready"]?.bool) {
            case (false, _, _): StyledText("STUCK", .bad)
            case (_, true, _): StyledText("DRAINING", .warning)
            case (_, _, true): StyledText("READY", .good)
            case (_, _, _): StyledText("NOT READY", .bad)
            }
        let name = StyledText("\(self.text("product")) \(self.text("version")) on \(self.text("host"))", .strong)
        let details =
            "pid \(self.text("pid")), up \(self.status["uptimeSeconds"].duration), \(self.status[path: "memory", "residentBytes"].megabytes), as of \(self.text("now"))"
        return [
            "\(name.shown(self.colours)): \(verdict.shown(self.colours))",
            StyledText(details, .quiet).shown(self.colours),
        ]
    }

    private var problems: [String] {
        let problems = self.list("problems").compactMap(\.string).map { StyledText($0, .bad) }
        var hints = self.list("notes").compactMap(\.string).map { StyledText($0, .warning) }
        if let parked = self.status["parked"]?.integer, parked > 0 {
            hints.append(
                StyledText(
                    "\(parked) parked: 'worker parked list' says why, 'worker parked retry ID' sends one again",
                    .warning))
        }
        for box in self.list("spool") {
            if let dead = box["dead"]?.integer, dead > 0 {
                hints.append(
                    StyledText(
                        "\(dead) dead in the spool of \(box.text("kind")): 'worker spool list --kind \(box.text("kind"))'",
                        .warning))
            }
        }
        return (problems + hints).map { "  ! \($0.shown(self.colours))" }
    }

    private var totals: [String] {
        let totals = self.status["totals"]?.members ?? []
        guard !totals.isEmpty else { return [] }
        let words = totals.map { "\($0.name.wordsOfMemberName) \($0.value.scalarText ?? "-")" }
        return [
            StyledText("Since the start", .strong).shown(self.colours),
            "  \(StyledText(words.joined(separator: ", ")).text)",
        ]
    }

    func section(_ title: String, _ list: String, _ columns: [TextTable.Column]) -> [String] {
        self.section(title, TextTable(columns, of: self.list(list)))
    }

    func section(_ title: String, _ table: TextTable) -> [String] {
        let title = StyledText(title, .strong).shown(self.colours)
        return table.rows.isEmpty ? [title] : [title] + table.lines(limit: self.limit, colours: self.colours)
    }

    func list(_ name: String) -> [JSONValue] { self.status[name]?.array ?? [] }
    func text(_ name: String) -> String { self.status.text(name) }
}

extension JSONValue? {
    func text(_ name: String) -> String { self?[name]?.scalarText ?? "-" }

    /// Seconds, formatted as on the status page: 4.2 s, 42 s, 3 min 05 s, 2 h 05 min, 3 d 4 h.
    var duration: String {
        guard let seconds = self?.double, seconds >= 0, seconds < 1e15 else { return "-" }
        let whole = Int(seconds)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return switch whole {
        case ..<10: "\(whole).\(Int(seconds * 10) % 10) s"
        case ..<60: "\(whole) s"
        case ..<3600: "\(whole / 60) min \(two(whole % 60)) s"
        case ..<86_400: "\(whole / 3600) h \(two(whole % 3600 / 60)) min"
        default: "\(whole / 86_400) d \(whole % 86_400 / 3600) h"
        }
    }

    var megabytes: String { self?.integer.map { ($0 + 50_000) / 100_000 }.map { "\($0 / 10).\($0 % 10) MB" } ?? "-" }
}

extension JSONValue {
    func text(_ name: String) -> String { Optional(self).text(name) }
}

extension String {
    /// `podsCreated` → `pods created`
    fileprivate var wordsOfMemberName: String {
        self.reduce(into: "") { $0 += $1.isUppercase ? " \($1.lowercased())" : String($1) }
    }
}
