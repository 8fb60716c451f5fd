internal import Support

/// A Nagios plugin status, from best to worst: as in the official plugins, a known failure is worse than unknown.
package enum CheckStatus: String, Hashable, Sendable, CaseIterable, Comparable {
    case ok = "OK"
    case warning = "WARNING"
    /// The check could not run: wrong usage, or nothing to examine.
    case unknown = "UNKNOWN"
    case critical = "CRITICAL"

    package var exitCode: Int32 {
        switch self {
        case .ok: 0
        case .warning: 1
        case .critical: 2
        case .unknown: 3
        }
    }

    package static func < (one: CheckStatus, other: CheckStatus) -> Bool {
        one != other && self.allCases.first { $0 == one || $0 == other } == one
    }
}

/// Performance data: `'label'=value[unit];warn;crit;min`, in Nagios plugin notation.
struct CheckFigure: Hashable, Sendable, CustomStringConvertible {
    enum Unit: String, Hashable, Sendable {
        case count = ""
        case seconds = "s"
    }

    let label: String
    /// `nil`: unknown.
    let value: Double?
    let unit: Unit
    let thresholds: Thresholds

    init(_ label: String, _ value: Double?, _ unit: Unit = .count, _ thresholds: Thresholds = .none) {
        (self.label, self.value, self.unit, self.thresholds) = (label, value, unit, thresholds)
    }

    init(_ label: String, _ count: Int?, _ thresholds: Thresholds = .none) {
        self.init(label, count.map { Double($0) }, .count, thresholds)
    }

    var description: String {
        // Labels allow neither quotes nor equals signs.
        let label = String(self.label.map { $0 == "'" || $0 == "=" || $0 == "|" || $0.isNewline ? "_" : $0 })
        let quoted = label.contains(" ") ? "'\(label)'" : label
        guard let value = self.value, value.isFinite else { return "\(quoted)=U" }
        let ranges = [self.thresholds.warning, self.thresholds.critical].map { $0?.description ?? "" }.joined(
            separator: ";")
        return "\(quoted)=\(value.plainText)\(self.unit.rawValue);\(ranges);0"
    }
}

package struct CheckResult: Sendable {
    /// Nagios keeps 8 KiB of a line by default; pagers show much less.
    private static let longestText = 1000

    /// Shown if nothing is wrong.
    private let summary: String
    private var findings: [(status: CheckStatus, text: String)] = []
    private(set) var figures: [CheckFigure] = []

    package init(summary: String = "") { self.summary = summary }

    package init(_ status: CheckStatus, _ text: String) {
        self.init(summary: text)
        self.add(status, text)
    }

    package var status: CheckStatus { self.findings.map(\.status).max() ?? .ok }

    /// - Parameter status: ``CheckStatus/ok`` adds nothing.
    mutating func add(_ status: CheckStatus, _ text: String) {
        guard status != .ok, !self.findings.contains(where: { $0.text == text }) else { return }
        self.findings.append((status, text))
    }

    /// Records the figure, described by `text`, and adds a finding if it violates a threshold.
    mutating func measure(_ figure: CheckFigure, _ text: String = "") {
        self.figures.append(figure)
        guard let value = figure.value else { return }
        let status = figure.thresholds.status(of: value)
        self.add(status, figure.thresholds.range(of: status).map { "\(text) (\($0))" } ?? text)
    }

    /// `STATUS - text | figures` on one line. The worst comes first: pagers truncate.
    package var line: String {
        let ranked = CheckStatus.allCases.reversed().flatMap { status in
            self.findings.filter { $0.status == status }.map(\.text)
        }
        // A bar starts the performance data.
        let text = ranked.isEmpty ? self.summary : ranked.joined(separator: "; ")
        let shown = text.sanitizedForLog(limit: Self.longestText).replacing("|", with: "/")
        let figures = self.figures.isEmpty ? "" : " | \(self.figures.map(\.description).joined(separator: " "))"
        return "\(self.status.rawValue) - \(shown)\(figures)"
    }
}
