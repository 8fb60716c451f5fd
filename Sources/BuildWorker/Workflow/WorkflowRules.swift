/// The numbers that the workflow's decisions depend on.
public struct WorkflowRules: Hashable, Sendable {
    /// Rejections after which a build is failed instead of retried.
    public var reprocessLimit: Int
    /// Init timers a build that stays pending gets before it is failed.
    public var verifyLimit: Int
    /// How long one init timer runs; for the words of a failure.
    public var initTimeout: Duration
    /// Off: nothing is published, so no timer is armed and nothing is verified later.
    public var usesRetryQueue: Bool

    public init(reprocessLimit: Int = 5, verifyLimit: Int = 6, initTimeout: Duration = .seconds(300), usesRetryQueue: Bool = true) {
        self.reprocessLimit = reprocessLimit
        self.verifyLimit = verifyLimit
        self.initTimeout = initTimeout
        self.usesRetryQueue = usesRetryQueue
    }
}
