import Dispatch
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

@Suite(.timeLimit(.minutes(1))) final class HousekeepingTests: Sendable {
    private let clock = ManualClock()
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func theJanitorGoesRoundAndAFailingChoreStopsNoOther() async throws {
        struct Failure: Error {}
        let rounds = Mutex<[ContinuousClock.Instant]>([])
        let looks = AsyncStream<[String]>.makeStream()
        let survey = QueueSurvey(RabbitMQOptions())
        let clock = self.clock
        let janitor = Janitor(
            every: .seconds(30), survey: survey,
            countQueues: { names in
                looks.continuation.yield(names)
                return [RabbitMQOptions().queue: (3, 1)]
            }, sweeps: [{}], chores: [{ throw Failure() }, { rounds.withLock { $0.append(clock.now) } }], clock: clock,
            logger: self.logger)
        let start = clock.now
        let running = RunningService(janitor)
        await clock.pass(.seconds(1))
        await clock.sleepers()
        #expect(rounds.withLock { $0 } == [start + .seconds(1)])
        clock.advance(by: .milliseconds(23_999))
        await clock.sleepers()
        #expect(rounds.withLock { $0.count } == 1, "no sooner than four fifths of the interval")
        clock.advance(by: .milliseconds(12_001))
        await clock.sleepers()
        #expect(rounds.withLock { $0.count } == 2)
        #expect(await looks.stream.first { _ in true }?.contains(RabbitMQOptions().queue) == true)
        try await eventually("the survey knows") { survey.queues.first { $0.role == .build }?.ready == 3 }
        try await running.shutDown()
    }

    /// What looks see, one after another; then it ends or is busy for ever.
    private func watch(_ looks: [IdleWatch.Look], isIdle: Bool = true, isConsuming: Bool = true) -> (
        service: IdleWatch, intake: Wishes
    ) {
        let left = Mutex(looks)
        let intake = Wishes()
        let service = IdleWatch(
            intake: Intake { wish in intake.values.withLock { $0.append(wish) } }, isIdle: { isIdle },
            isConsuming: { isConsuming },
            look: { left.withLock { $0.isEmpty ? .busy : $0.removeFirst() } }, clock: self.clock, logger: self.logger)
        return (service, intake)
    }

    private final class Wishes: Sendable { let values = Mutex<[Bool]>([]) }

    @Test func threeIdleLooksInARowAreTheEnd() async throws {
        let (service, intake) = self.watch([.idle, .idle, .busy, .idle, .othersMayBeBusy, .idle, .idle, .idle])
        let running = RunningService(service)
        for _ in 0..<8 { await self.clock.pass(.milliseconds(500)) }
        try await running.end()
        #expect(
            intake.values.withLock { $0 } == [false, true, false],
            "it takes nothing more while it looks, and goes on when there is work")
    }

    @Test func othersThatConsumeAreWaitedForSoLong() async throws {
        let (service, _) = self.watch(Array(repeating: .othersMayBeBusy, count: 10))
        let running = RunningService(service)
        for _ in 0..<2 { await self.clock.pass(.seconds(60)) }
        await self.clock.pass(.seconds(61))
        try await running.end()
    }

    @Test(arguments: [(false, true), (true, false)])
    func whoHasWorkOrSeesNoBrokerIsNotIdle(isIdle: Bool, isConsuming: Bool) async throws {
        let (service, intake) = self.watch(Array(repeating: .idle, count: 10), isIdle: isIdle, isConsuming: isConsuming)
        let running = RunningService(service)
        for _ in 0..<5 { await self.clock.pass(.milliseconds(500)) }
        await self.clock.sleepers()
        #expect(intake.values.withLock { $0 }.isEmpty)
        try await running.shutDown()
    }

    /// As many as hang on a dead disk.
    @Test func callsThatHangHoldUpNoOther() async throws {
        let gate = DispatchSemaphore(value: 0)
        defer { for _ in 0..<100 { gate.signal() } }
        for _ in 0..<100 { OwnThread.start { gate.wait() } }
        #expect(try await OwnThread.run { 42 } == 42)
    }

    @Test func aLineTakesSoManyAndGivesThemInOrder() async throws {
        let line = Line<Int>(limit: 3)
        let taken = Mutex<[Int]>([])
        #expect((1...4).map(line.add) == [true, true, true, false])
        struct Consumer: Service {
            let line: Line<Int>
            let take: @Sendable (Int) -> Void
            func run() async { await self.line.consume { self.take($0) } }
        }
        let running = RunningService(Consumer(line: line) { number in taken.withLock { $0.append(number) } })
        try await eventually("they are taken") { taken.withLock { $0 } == [1, 2, 3] }
        #expect(line.add(5))
        try await running.shutDown()
        #expect(taken.withLock { $0 } == [1, 2, 3, 5], "what was added before the end is taken, too")
    }
}
