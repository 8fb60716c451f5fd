/// A threshold in the notation of Nagios plugins: the values that are fine, or with `@` those that are not.
///
///     10       alert below 0 and above 10
///     10:      alert below 10
///     ~:10     alert above 10
///     10:20    alert outside of 10 to 20
///     @10:20   alert within 10 to 20, both included
public struct AlertRange: Hashable, Sendable, CustomStringConvertible {
    /// Included; `-infinity` for `~`.
    public let low: Double
    /// Included; `infinity` where there is none. Not below ``low``.
    public let high: Double
    public let alertsInside: Bool
    /// As it was given.
    public let description: String

    /// - Returns: `nil` for what is no range.
    public init?(_ text: String) {
        self.description = text
        self.alertsInside = text.hasPrefix("@")
        let ends = text.dropFirst(self.alertsInside ? 1 : 0).split(separator: ":", omittingEmptySubsequences: false)
        switch ends.count {
        case 1:
            guard let high = Self.number(ends[0]) else { return nil }
            (self.low, self.high) = (0, high)
        case 2:
            guard let low = ends[0] == "~" ? -Double.infinity : Self.number(ends[0]), let high = ends[1].isEmpty ? Double.infinity : Self.number(ends[1])
            else { return nil }
            (self.low, self.high) = (low, high)
        default: return nil
        }
        guard self.low <= self.high else { return nil }
    }

    /// Alerts above `limit`, and below 0.
    public init(above limit: Int) { (self.low, self.high, self.alertsInside, self.description) = (0, Double(limit), false, String(limit)) }

    public func alerts(_ value: Double) -> Bool { (self.low...self.high).contains(value) == self.alertsInside }

    /// Digits with at most a sign and a point: `Double` alone takes `nan`, `inf` and hexadecimal too.
    private static func number(_ text: Substring) -> Double? {
        text.allSatisfy { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") } ? Double(text) : nil
    }
}
