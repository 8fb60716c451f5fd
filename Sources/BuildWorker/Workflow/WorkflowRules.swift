/// The numbers that the workflow's decisions depend on.
public struct WorkflowRules: Hashable, Sendable {
    /// Rejections after which a build is failed instead of retried.
    public var reprocessLimit: Int
    /// Init timers a build that stays pending gets before it is failed.
    public var verifyLimit: Int
    /// How long one init timer runs; for the words of a failure.
    public var initTimeout: Duration
    /// Rejections in a day, where a rejected message waits half a minute.
    static let attemptsOfADay = 2880

    /// How long a pod may be in trouble that mostly passes; for whoever counts the time.
    public var healTimeout: Duration
    /// How long a build's message may go round because the build API fails for this build alone.
    public var apiPatience: Duration

    public init(
        reprocessLimit: Int = 5, verifyLimit: Int = 6, initTimeout: Duration = .seconds(300), healTimeout: Duration = .seconds(60),
        apiPatience: Duration = .seconds(86_400)
    ) {
        self.reprocessLimit = reprocessLimit
        self.verifyLimit = verifyLimit
        self.initTimeout = initTimeout
        (self.healTimeout, self.apiPatience) = (healTimeout, apiPatience)
    }
}
