import Testing

@testable import BuildWorker
@testable import Clients
@testable import Workflow

@Suite struct CircuitBreakerTests {
    private let now = ContinuousClock.now

    private func fail(_ breaker: inout CircuitBreaker, _ build: Int, _ access: RequestAccess = .write) -> Bool {
        breaker.failed(BuildID(rawValue: build), access, cause: "500", at: self.now)
    }

    @Test func threeBuildsInARowOpenIt() {
        var breaker = CircuitBreaker()
        let opened = (1...4).map { self.fail(&breaker, $0) }
        #expect(opened == [false, false, true, false], "it opens at the third, and once")
        #expect(breaker.state == .open(since: self.now, cause: "500"))
    }

    @Test func oneBuildNeverOpensIt() {
        var breaker = CircuitBreaker()
        for _ in 1...100 { _ = self.fail(&breaker, 1) }
        #expect(!breaker.isOpen)
    }

    @Test func aSuccessBetweenThemEndsTheRow() {
        var breaker = CircuitBreaker()
        for build in 1...50 {
            _ = self.fail(&breaker, build)
            breaker.succeeded(.write)
        }
        #expect(!breaker.isOpen)
    }

    @Test func readsThatWorkDoNotHideWritesThatFail() {
        var breaker = CircuitBreaker()
        for build in 1...2 {
            _ = self.fail(&breaker, build)
            breaker.succeeded(.read)
        }
        _ = self.fail(&breaker, 3)
        #expect(breaker.isOpen)
    }

    @Test func aFailedProbeOpensItAndAGoodOneClosesIt() {
        var breaker = CircuitBreaker()
        let opened = [
            breaker.probeFailed(cause: "refused", at: self.now), breaker.probeFailed(cause: "refused", at: self.now),
        ]
        #expect(opened == [true, false])
        let durations = [breaker.probeSucceeded(at: self.now + .seconds(7)), breaker.probeSucceeded(at: self.now)]
        #expect(durations == [.seconds(7), nil], "it closes once")
        #expect(!breaker.isOpen)
    }

    @Test func buildsThatFailBetweenGoodProbesEnd() {
        var breaker = CircuitBreaker()
        var openings = 0
        for round in 1...20 {
            for build in 1...3 where self.fail(&breaker, round * 10 + build) { openings += 1 }
            // A quota's answer, for example, to another build.
            breaker.answered(.write)
            _ = breaker.probeSucceeded(at: self.now)
        }
        #expect(openings == CircuitBreaker.relapseLimit, "an outage that no probe ever sees is none")
        _ = breaker.probeFailed(cause: "refused", at: self.now)
        _ = breaker.probeSucceeded(at: self.now)
        for build in 1...3 { _ = self.fail(&breaker, build) }
        #expect(breaker.isOpen, "after an outage that was seen it is careful again")
    }

    @Test func relapsesAreCountedUntilAWriteSucceeds() {
        var breaker = CircuitBreaker()
        for relapse in 1...CircuitBreaker.relapseLimit {
            for build in 1...3 { _ = self.fail(&breaker, build) }
            #expect(breaker.relapses == relapse)
            _ = breaker.probeSucceeded(at: self.now)
        }
        breaker.succeeded(.read)
        breaker.answered(.write)
        #expect(breaker.relapses == CircuitBreaker.relapseLimit)
        breaker.succeeded(.write)
        #expect(breaker.relapses == 0)
    }
}
