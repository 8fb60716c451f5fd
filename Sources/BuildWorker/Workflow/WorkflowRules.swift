/// The numbers that the workflow's decisions depend on.
package struct WorkflowRules: Hashable, Sendable {
    /// Rejections after which a build is failed instead of retried.
    package var reprocessLimit: Int
    /// Init timers a build that stays pending gets before it is failed.
    package var verifyLimit: Int
    /// How long one init timer runs; for the words of a failure.
    package var initTimeout: Duration
    /// Rejections in a day, where a rejected message waits half a minute.
    static let attemptsOfADay = 2880

    /// How long a pod may be in trouble that mostly passes; for whoever counts the time.
    package var healTimeout: Duration
    /// How long a build's message may go round because the build API fails for this build alone.
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
