/// A threshold in Nagios plugin notation: the range of good values, or with `@` of bad ones.
///
///     10       alert below 0 and above 10
///     10:      alert below 10
///     ~:10     alert above 10
///     10:20    alert outside of 10 to 20
///     @10:20   alert within 10 to 20, both included
package struct AlertRange: Hashable, Sendable, CustomStringConvertible {
    /// Both ends included; infinite where open.
    private let range: ClosedRange<Double>
    private let alertsInside: Bool
    package let description: String

    package init?(_ text: String) {
        self.description = text
        self.alertsInside = text.hasPrefix("@")
        var ends = text.dropFirst(self.alertsInside ? 1 : 0).split(separator: ":", omittingEmptySubsequences: false)
        if ends.count == 1, ends[0] != "" { ends.insert("0", at: 0) }
        guard ends.count == 2, let low = ends[0] == "~" ? -.infinity : Self.number(ends[0]),
            let high = ends[1].isEmpty ? .infinity : Self.number(ends[1]), low <= high
        else { return nil }
        self.range = low...high
    }

    package init(above limit: Int) {
        (self.range, self.alertsInside, self.description) = (0...Double(limit), false, String(limit))
    }

    package func alerts(_ value: Double) -> Bool { self.range.contains(value) == self.alertsInside }

    /// Digits with an optional sign and point: `Double` alone would accept `nan`, `inf` and hexadecimal.
    private static func number(_ text: Substring) -> Double? {
        text.allSatisfy { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") } ? Double(text) : nil
    }
}

/// The warning and critical ranges of a figure.
package struct Thresholds: Hashable, Sendable {
    package var warning: AlertRange?
    package var critical: AlertRange?

    static let none = Thresholds()

    func status(of value: Double) -> CheckStatus {
        if self.critical?.alerts(value) == true { return .critical }
        return self.warning?.alerts(value) == true ? .warning : .ok
    }

    func range(of status: CheckStatus) -> AlertRange? {
        switch status {
        case .warning: self.warning
        case .critical: self.critical
        case .ok, .unknown: nil
        }
    }
}
