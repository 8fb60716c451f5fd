/// The limits that the workflow's decisions depend on.
package struct WorkflowRules: Hashable, Sendable {
    /// Rejections after which a build is failed instead of retried.
    package var reprocessLimit: Int
    /// Init timers a pending build gets before it is failed.
    package var verifyLimit: Int
    /// The duration of one init timer; used in failure messages.
    package var initTimeout: Duration
    /// Rejections in a day, with a retry delay of half a minute.
    static let attemptsOfADay = 2880

    /// How long a pod may have a usually transient problem.
    package var healTimeout: Duration
    /// How long a message may be retried while the build API fails for this build alone.
    package var apiPatience: Duration

    package init(
        reprocessLimit: Int = 5, verifyLimit: Int = 6, initTimeout: Duration = .seconds(300),
        healTimeout: Duration = .seconds(60),
        apiPatience: Duration = .seconds(86_400)
    ) {
        self.reprocessLimit = reprocessLimit
        self.verifyLimit = verifyLimit
        self.initTimeout = initTimeout
        (self.healTimeout, self.apiPatience) = (healTimeout, apiPatience)
    }
}
