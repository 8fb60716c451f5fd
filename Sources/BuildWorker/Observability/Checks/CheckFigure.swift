/// One figure for whoever draws them: `'label'=value[unit];warn;crit;min`, in the notation of Nagios plugins.
public struct CheckFigure: Hashable, Sendable, CustomStringConvertible {
    public enum Unit: String, Hashable, Sendable {
        case count = ""
        case seconds = "s"
    }

    public let label: String
    /// `nil`: it could not be found out.
    public let value: Double?
    public let unit: Unit
    public let thresholds: Thresholds

    public init(_ label: String, _ value: Double?, _ unit: Unit = .count, _ thresholds: Thresholds = .none) {
        (self.label, self.value, self.unit, self.thresholds) = (label, value, unit, thresholds)
    }

    public var description: String {
        // Neither a quote nor an equals sign can stand in a label.
        let label = String(self.label.map { $0 == "'" || $0 == "=" || $0 == "|" || $0.isNewline ? "_" : $0 })
        let quoted = label.contains(" ") ? "'\(label)'" : label
        guard let value = self.value, value.isFinite else { return "\(quoted)=U" }
        let warning = self.thresholds.warning?.description ?? "", critical = self.thresholds.critical?.description ?? ""
        return "\(quoted)=\(value.plainText)\(self.unit.rawValue);\(warning);\(critical);0"
    }
}
