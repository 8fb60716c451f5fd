internal import Glibc

/// The limit of open files (`RLIMIT_NOFILE`). HTTP clients get a small share: a failure to open looks like an outage.
package struct OpenFiles: Sendable {
    package let limit: Int
    /// More is never needed, and programs that close all possible descriptors at start would take long.
    private static let highest: rlim_t = 65_536
    /// Two connections and a few files for each of 40 deliveries, doubled.
    private static let enough = 512

    /// Raises the soft limit as far as allowed.
    package init() {
        var limits = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        let raised = max(limits.rlim_cur, min(limits.rlim_max, Self.highest))
        if raised > limits.rlim_cur {
            var wanted = rlimit(rlim_cur: raised, rlim_max: limits.rlim_max)
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted) == 0 { limits.rlim_cur = raised }
        }
        self.init(limit: Int(clamping: limits.rlim_cur))
    }

    init(limit: Int) { self.limit = limit }

    /// Connections per server: at most 64, and at most an eighth of the limit for both.
    package var visitors: Int { min(64, max(4, self.limit / 16)) }

    /// Advice if the limit is low.
    package var warning: String? {
        guard self.limit < Self.enough else { return nil }
        return
            "only \(self.limit) files and connections may be open at a time (ulimit -n): raise that to \(Self.enough) or more, or requests fail under load"
    }
}
