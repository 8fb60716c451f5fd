internal import Support

struct JobRules: Hashable, Sendable {
    /// At least 1.
    var concurrency = 1
    /// Delay before the second attempt; doubles each time.
    var retryInterval = Duration.seconds(60)
    /// Upper bound of the delay.
    var longestPause = Duration.seconds(3600)
    var timeLimit = Duration.seconds(600)
    /// Jobs have order keys, so their files are read before they are scheduled.
    var isOrdered = false
    /// Interval of scans for due jobs and for jobs that operators retried.
    var scanInterval = Duration.seconds(1)

    var backoff: Backoff { Backoff(first: self.retryInterval, limit: self.longestPause) }
}
