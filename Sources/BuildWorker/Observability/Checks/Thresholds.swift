/// When a figure is worth a warning, and when it is critical.
public struct Thresholds: Hashable, Sendable {
    public var warning: AlertRange?
    public var critical: AlertRange?

    public init(warning: AlertRange? = nil, critical: AlertRange? = nil) { (self.warning, self.critical) = (warning, critical) }

    public static let none = Thresholds()

    public func status(of value: Double) -> CheckStatus {
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
