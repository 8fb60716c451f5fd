import Logging
import Synchronization
import Testing

@testable import BuildWorker

@Suite(.timeLimit(.minutes(2))) struct OutagesTests {
    /// A service whose probes are counted, and what the worker's intake was told.
    private final class Service: Sendable {
        private let state: Mutex<(failures: [Outages.Failure], probes: [ContinuousClock.Instant], intake: [Bool])>
        private let probed = AsyncStream<Int>.makeStream()

        /// - Parameter failures: of its probes, the next first; then it answers.
        init(_ failures: [Outages.Failure] = []) { self.state = Mutex((failures, [], [])) }

        var probes: [ContinuousClock.Instant] { self.state.withLock { $0.probes } }
        var intake: [Bool] { self.state.withLock { $0.intake } }

        func outages() -> Outages {
            Outages(
                health: Health(queues: []), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, intake: Intake { wish in self.state.withLock { $0.intake.append(wish) } },
                onClose: { _ in self.probed.continuation.finish() })
        }

        func probe() -> Outages.Failure? {
            self.state.withLock { state in
                state.probes.append(.now)
                return state.failures.isEmpty ? nil : state.failures.removeFirst()
            }
        }

        func judge(_ outages: Outages, _ build: Int, _ failure: Outages.Failure) async {
            await outages.judge(.cluster, .write, of: BuildID(rawValue: build), failure) { self.probe() }
        }

        /// Until the outage is over.
        func isBack(_ outages: Outages) async {
            await withTaskGroup { group in
                group.addTask { await outages.run() }
                for await _ in self.probed.stream {}
                outages.drain()
            }
        }
    }

    @Test func oneAnswerThatAsksForAPauseIsEnough() async {
        let service = Service()
        let outages = service.outages()
        await service.judge(outages, 1, .init("429", retryAfter: .seconds(60)))
        #expect(outages.isOpen(.cluster) && service.intake == [false])
        #expect(service.probes.isEmpty, "it is left alone")
    }

    @Test func nobodyProbesBeforeTheTime() async throws {
        let service = Service([.init("503", retryAfter: .milliseconds(2500))])
        let outages = service.outages()
        let asked = ContinuousClock.now
        await service.judge(outages, 1, .init("429", retryAfter: .milliseconds(2000)))
        // Meanwhile the answer to another build asks for more, and a third for less.
        await service.judge(outages, 2, .init("429", retryAfter: .milliseconds(2200)))
        await service.judge(outages, 3, .init("429", retryAfter: .milliseconds(10)))
        await service.isBack(outages)
        let probes = service.probes
        try #require(probes.count == 2)
        #expect(probes[0] - asked >= .milliseconds(2200))
        #expect(probes[1] - probes[0] >= .milliseconds(2500), "what a probe is asked for counts, too")
        #expect(!outages.isAnyOpen && service.intake == [false, true])
    }

    @Test(arguments: [nil, Duration.zero])
    func withoutAPauseTheProbeDecides(retryAfter: Duration?) async {
        let service = Service()
        let outages = service.outages()
        await service.judge(outages, 1, .init("500", retryAfter: retryAfter))
        #expect(!outages.isOpen(.cluster) && service.probes.count == 1)
        let away = Service([.init("refused")])
        let others = away.outages()
        await away.judge(others, 1, .init("500", retryAfter: retryAfter))
        #expect(others.isOpen(.cluster))
    }

    /// A limit for this build's token, perhaps.
    @Test func whatOneBuildIsAskedAgainAndAgainStopsNoOthers() {
        var breaker = CircuitBreaker()
        func asks(_ build: Int) -> Bool {
            let opens = breaker.failed(BuildID(rawValue: build), .write, asksForPause: true, cause: "429", at: .now)
            _ = breaker.probeSucceeded(at: .now)
            breaker.succeeded(.write)
            return opens
        }
        #expect([1, 1, 1, 2, 2, 1].map(asks) == [true, false, false, true, false, true])
    }

    @Test func aServiceThatAlwaysAsksButAnswersProbesEndsItsBuildsAfterAll() {
        var breaker = CircuitBreaker()
        let opened = (1...5).map { build in
            defer { _ = breaker.probeSucceeded(at: .now) }
            return breaker.failed(BuildID(rawValue: build), .write, asksForPause: true, cause: "429", at: .now)
        }
        #expect(opened == [true, true, true, false, false])
    }
}
