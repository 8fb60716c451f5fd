internal import Support

/// How the jobs of one kind are run.
struct JobRules: Hashable, Sendable {
    /// Runs at the same time, 1 or more.
    var concurrency = 1
    /// Before a second attempt; doubled for each further one.
    var retryInterval = Duration.seconds(60)
    /// The longest pause between two attempts.
    var longestPause = Duration.seconds(3600)
    /// Of one run.
    var timeLimit = Duration.seconds(600)
    /// Jobs have order keys, so their files are read before they run.
    var isOrdered = false
    /// Between two looks at the disk: for what is due, and for what operators' commands brought back.
    var scanInterval = Duration.seconds(1)

    var backoff: Backoff { Backoff(first: self.retryInterval, limit: self.longestPause) }
}
