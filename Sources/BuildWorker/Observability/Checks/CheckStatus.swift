/// What a check found, as Nagios and everything that speaks its plugin protocol knows it.
public enum CheckStatus: String, Hashable, Sendable, CaseIterable {
    case ok = "OK"
    case warning = "WARNING"
    /// The check could not be made: wrong usage, or nothing that could be looked at.
    case unknown = "UNKNOWN"
    case critical = "CRITICAL"

    /// Of the process.
    public var exitCode: Int32 {
        switch self {
        case .ok: 0
        case .warning: 1
        case .critical: 2
        case .unknown: 3
        }
    }
}

extension CheckStatus: Comparable {
    /// The worse is the greater. What is known to be broken is worse than what is not known, as in the official plugins.
    public static func < (one: CheckStatus, other: CheckStatus) -> Bool { one.rank < other.rank }

    private var rank: Int {
        switch self {
        case .ok: 0
        case .warning: 1
        case .unknown: 2
        case .critical: 3
        }
    }
}
