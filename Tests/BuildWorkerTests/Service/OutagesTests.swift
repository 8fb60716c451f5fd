import Logging
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Workflow

@Suite(.timeLimit(.minutes(2))) struct OutagesTests {
    /// A service whose probes are counted, and what the worker's intake was told.
    private final class Service: Sendable {
        private let state: Mutex<(failures: [Outages.Failure], probes: [ContinuousClock.Instant], intake: [Bool])>
        private let closings = AsyncStream<Void>.makeStream()
        let clock = ManualClock()

        /// - Parameter failures: of its probes, the next first; then it answers.
        init(_ failures: [Outages.Failure] = []) { self.state = Mutex((failures, [], [])) }

        var probes: [ContinuousClock.Instant] { self.state.withLock { $0.probes } }
        var intake: [Bool] { self.state.withLock { $0.intake } }

        func outages() -> Outages {
            Outages(
                health: Health(queues: []), clock: self.clock,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                intake: Intake { wish in self.state.withLock { $0.intake.append(wish) } },
                onClose: { _ in self.closings.continuation.yield() })
        }

        func probe() -> Outages.Failure? {
            self.state.withLock { state in
                state.probes.append(self.clock.now)
                return state.failures.isEmpty ? nil : state.failures.removeFirst()
            }
        }

        func judge(_ outages: Outages, _ build: Int, _ failure: Outages.Failure) async {
            await outages.judge(.cluster, .write, of: BuildID(rawValue: build), failure) { self.probe() }
        }

        func isBack() async { for await _ in self.closings.stream { return } }
    }

    @Test func oneAnswerThatAsksForAPauseIsEnough() async {
        let service = Service()
        let outages = service.outages()
        await service.judge(outages, 1, .init("429", retryAfter: .seconds(60)))
        #expect(outages.isOpen(.cluster) && service.intake == [false])
        #expect(service.probes.isEmpty, "it is left alone")
    }

    @Test func nobodyProbesBeforeTheTime() async throws {
        let service = Service([.init("503", retryAfter: .seconds(25))])
        let (outages, clock) = (service.outages(), service.clock)
        let asked = clock.now
        await service.judge(outages, 1, .init("429", retryAfter: .seconds(20)))
        // Meanwhile the answer to another build asks for more, and a third for less.
        await service.judge(outages, 2, .init("429", retryAfter: .seconds(22)))
        await service.judge(outages, 3, .init("429", retryAfter: .seconds(1)))
        let running = RunningService(outages)
        await clock.pass(.milliseconds(21_999))
        await clock.sleepers()
        #expect(service.probes.isEmpty)
        clock.advance(by: .milliseconds(1))
        await clock.sleepers()
        #expect(service.probes == [asked + .seconds(22)])
        clock.advance(by: .seconds(25))
        await service.isBack()
        #expect(
            service.probes.map { $0 - asked } == [.seconds(22), .seconds(47)], "what a probe is asked for counts, too")
        #expect(!outages.isAnyOpen && service.intake == [false, true])
        #expect(outages.wasAnyOpen(since: asked) && !outages.wasAnyOpen(since: clock.now + .seconds(1)))
        try await running.shutDown()
    }

    @Test func theShutdownDoesNotWaitForAnOutage() async throws {
        let service = Service([.init("refused")])
        let outages = service.outages()
        await service.judge(outages, 1, .init("500"))
        let running = RunningService(outages)
        await service.clock.sleepers()
        try await running.shutDown()
        #expect(outages.isOpen(.cluster) && service.intake == [false])
    }

    @Test func theIntakeGoesOnWhenNobodyIsAgainstIt() {
        let wishes = Mutex<[Bool]>([])
        let intake = Intake { wish in wishes.withLock { $0.append(wish) } }
        for reason in [Intake.Reason.outage, .outage, .idle] { intake.pause(for: reason) }
        intake.resume(from: .idle)
        #expect(wishes.withLock { $0 } == [false, false, false])
        for _ in 0..<2 { intake.resume(from: .outage) }
        #expect(wishes.withLock { $0 } == [false, false, false, true])
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
