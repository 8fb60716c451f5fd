/// A threshold in the notation of Nagios plugins: the values that are fine, or with `@` those that are not.
///
///     10       alert below 0 and above 10
///     10:      alert below 10
///     ~:10     alert above 10
///     10:20    alert outside of 10 to 20
///     @10:20   alert within 10 to 20, both included
package struct AlertRange: Hashable, Sendable, CustomStringConvertible {
    /// Both ends included; infinite where there is none.
    private let range: ClosedRange<Double>
    private let alertsInside: Bool
    /// As it was given.
    package let description: String

    /// - Returns: `nil` for what is no range.
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

    /// Alerts above `limit`, and below 0.
    package init(above limit: Int) {
        (self.range, self.alertsInside, self.description) = (0...Double(limit), false, String(limit))
    }

    package func alerts(_ value: Double) -> Bool { self.range.contains(value) == self.alertsInside }

    /// Digits with at most a sign and a point: `Double` alone takes `nan`, `inf` and hexadecimal too.
    private static func number(_ text: Substring) -> Double? {
        text.allSatisfy { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") } ? Double(text) : nil
    }
}

/// When a figure is worth a warning, and when it is critical.
package struct Thresholds: Hashable, Sendable {
    package var warning: AlertRange?
    package var critical: AlertRange?

    static let none = Thresholds()

    func status(of value: Double) -> CheckStatus {
        if self.critical?.alerts(value) == true { return .critical }
        return self.warning?.alerts(value) == true ? .warning : .ok
    }

    /// The range that a value of that status is at odds with.
    func range(of status: CheckStatus) -> AlertRange? {
        switch status {
        case .warning: self.warning
        case .critical: self.critical
        case .ok, .unknown: nil
        }
    }
}
