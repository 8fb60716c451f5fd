import Testing

@testable import BuildWorker
@testable import RabbitMQ

@Suite struct TopicPatternTests {
    @Test(arguments: [
        ("build.failed", "build.failed", true), ("build.failed", "build.started", false),
        ("build.*", "build.failed", true), ("*", "build.failed", false),
        ("#", "build.failed", true), ("#", "", true), ("build.#", "build", true), ("build.#", "build.a.b", true),
        ("#.failed", "build.failed", true),
        ("*.failed", "failed", false), ("build.*", "build", false), ("build", "build.failed", false),
        ("#.#", "x", true), ("*.*", "outage.began", true),
    ])
    func asTheBrokerMatches(_ pattern: String, _ key: String, _ expected: Bool) {
        #expect(TopicPattern(pattern).matches(key) == expected)
    }
}
