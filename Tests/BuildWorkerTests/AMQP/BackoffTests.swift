import Testing

@testable import BuildWorker
@testable import Support

@Suite struct BackoffTests {
    @Test func pausesDoubleUpToTheLimitWithJitter() {
        var backoff = Backoff(first: .seconds(1), limit: .seconds(30))
        var random = SystemRandomNumberGenerator()
        for whole in [1, 2, 4, 8, 16, 30, 30, 30] {
            let pause = backoff.next(using: &random)
            #expect(pause >= .milliseconds(500 * whole) && pause <= .seconds(whole))
        }
        backoff.reset()
        #expect(backoff.next(using: &random) <= .seconds(1))
    }

    @Test func aThousandFailuresDoNotOverflow() {
        var backoff = Backoff(limit: .seconds(30))
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1000 { #expect(backoff.next(using: &random) <= .seconds(30)) }
    }
}
