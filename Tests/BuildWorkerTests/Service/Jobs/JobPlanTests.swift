import Testing

@testable import BuildWorker
@testable import Spool
@testable import Support

@Suite struct JobPlanTests {
    private func job(_ sequence: Int, due: Int = 0, key: String? = nil) -> JobPlan.Candidate {
        JobPlan.Candidate(name: JobName(started: due, sequence: sequence, pid: 1, random: 1), orderKey: key)
    }

    private func begin(
        _ waiting: [JobPlan.Candidate], running: [JobPlan.Candidate] = [], places: Int = 9, now: Int = 100
    ) -> [Int] {
        JobPlan(waiting: waiting, running: running, places: places, now: now).begin.map(\.sequence)
    }

    @Test func whatIsDueBeginsInItsOrder() {
        #expect(self.begin([self.job(3, due: 50), self.job(1, due: 100), self.job(2, due: 101)]) == [3, 1])
    }

    @Test func noMoreThanThereArePlaces() {
        #expect(self.begin([self.job(1), self.job(2), self.job(3)], places: 2) == [1, 2])
        #expect(self.begin([self.job(1)], places: 0) == [])
    }

    @Test func whatRunsDoesNotBeginAgain() {
        #expect(self.begin([self.job(1), self.job(2)], running: [self.job(1)]) == [2])
    }

    @Test func ofOneKeyTheFirstGoesAlone() {
        #expect(
            self.begin([self.job(1, key: "a"), self.job(2, key: "a"), self.job(3, key: "b"), self.job(4)]) == [1, 3, 4])
        #expect(self.begin([self.job(2, key: "a")], running: [self.job(1, key: "a")]) == [])
    }

    /// The one before it is in backoff: it waits along.
    @Test func aLaterOneWaitsForAnEarlierOneInBackoff() {
        #expect(self.begin([self.job(1, due: 500, key: "a"), self.job(2, key: "a"), self.job(3, key: "b")]) == [3])
        #expect(self.begin([self.job(1, due: 500, key: "a"), self.job(2, key: "a")], now: 500) == [1])
    }

    @Test func pausesGrowAndAreBounded() {
        var rules = JobRules()
        (rules.retryInterval, rules.longestPause) = (.seconds(60), .seconds(3600))
        var random = SystemRandomNumberGenerator()
        for (attempt, whole) in [(0, 60), (1, 120), (5, 1920), (6, 3600), (60, 3600)] {
            for _ in 0..<20 {
                let pause = rules.backoff.pause(after: attempt, using: &random)
                #expect(pause >= .seconds(whole) / 2 && pause <= .seconds(whole))
            }
        }
    }
}
