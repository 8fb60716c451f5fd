internal import Glibc

/// How many files and connections this process may have open at a time (`RLIMIT_NOFILE`). One that cannot be opened looks like an outage, so
/// most of them are the work's, whatever visitors do.
package struct OpenFiles: Sendable {
    package let limit: Int
    /// Above it nothing asks for more, and programs that close all they could have inherited are not held up for long.
    private static let highest: rlim_t = 65_536
    /// Two connections and a few files for each of 40 deliveries, and as much again.
    private static let enough = 512

    /// Raises the process's own limit as far as it may.
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

    /// Connections of one of the two servers: at most 64, and an eighth of all for both.
    package var visitors: Int { min(64, max(4, self.limit / 16)) }

    /// What to do where the limit is low.
    package var warning: String? {
        guard self.limit < Self.enough else { return nil }
        return
            "only \(self.limit) files and connections may be open at a time (ulimit -n): raise that to \(Self.enough) or more, or requests fail under load"
    }
}
