/// What a check found: the one line that it prints, and its exit code. Collects findings; the worst is its status.
public struct CheckResult: Sendable {
    private struct Finding {
        let status: CheckStatus
        let text: String
    }

    /// What Nagios keeps of a line by default is 8 KiB; a pager shows a good deal less.
    private static let longestText = 1000

    /// Said where nothing is wrong.
    public var summary: String
    private var findings: [Finding] = []
    public private(set) var figures: [CheckFigure] = []

    public init(summary: String = "") { self.summary = summary }

    /// A check that ends with one finding.
    public init(_ status: CheckStatus, _ text: String) {
        self.summary = text
        self.add(status, text)
    }

    public var status: CheckStatus { self.findings.map(\.status).max() ?? .ok }

    /// - Parameter status: ``CheckStatus/ok`` adds nothing.
    public mutating func add(_ status: CheckStatus, _ text: String) {
        guard status != .ok, !self.findings.contains(where: { $0.text == text }) else { return }
        self.findings.append(Finding(status: status, text: text))
    }

    /// Keeps the figure, and makes a finding of it where it passes its thresholds.
    ///
    /// - Parameter text: what the figure is, for example "72 in new of status".
    public mutating func measure(_ figure: CheckFigure, _ text: String) {
        self.figures.append(figure)
        guard let value = figure.value else { return }
        let status = figure.thresholds.status(of: value)
        self.add(status, figure.thresholds.range(of: status).map { "\(text) (\($0))" } ?? text)
    }

    /// `STATUS - text | figures`, without a line break. The worst comes first: pagers cut.
    public var line: String {
        let ranked = CheckStatus.allCases.sorted(by: >).flatMap { status in self.findings.filter { $0.status == status }.map(\.text) }
        // A bar begins the figures.
        let text = (ranked.isEmpty ? self.summary : ranked.joined(separator: "; ")).safeToShow(limit: Self.longestText).replacing("|", with: "/")
        let figures = self.figures.isEmpty ? "" : " | \(self.figures.map(\.description).joined(separator: " "))"
        return "\(self.status.rawValue) - \(text)\(figures)"
    }
}
