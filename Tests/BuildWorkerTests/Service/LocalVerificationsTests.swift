import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Spool
@testable import Support
@testable import Workflow

@Suite(.timeLimit(.minutes(1))) final class LocalVerificationsTests: Sendable {
    private let clock = ManualClock()
    private let spool = FileManager.default.temporaryDirectory.appendingPathComponent("timers-\(UUID().uuidString)")
        .path
    private let journal: TimerJournal
    private let published = AsyncStream<OutgoingMessage>.makeStream()
    /// Of publishes, the next first; then they are confirmed.
    private let outcomes = Mutex<[PublishOutcome]>([])
    private let isRetryQueueUsable = Mutex(true)
    private let options: RabbitMQOptions = {
        var options = RabbitMQOptions()
        options.initTimeout = .seconds(3600)
        options.retryDelay = .seconds(5)
        options.prefetchCount = 2
        return options
    }()

    init() throws {
        try SpoolDirectory.make(self.spool)
        self.journal = try TimerJournal("\(self.spool)/timers")
    }

    deinit { try? FileManager.default.removeItem(atPath: self.spool) }

    private func verifications() -> LocalVerifications {
        LocalVerifications(
            self.options, journal: self.journal, clock: self.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            isRetryQueueUsable: { self.isRetryQueueUsable.withLock { $0 } },
            publish: { message in
                self.published.continuation.yield(message)
                return self.outcomes.withLock { $0.isEmpty ? .confirmed : $0.removeFirst() }
            })
    }

    private static func verification(_ build: Int) -> Verification {
        Verification(
            body: Array(#"{"job":"verify","buildConfig":{"buildId":\#(build)}}"#.utf8), round: 2,
            imagePullStartTime: nil, isFromTimer: true)
    }

    private func nextPublished() async -> OutgoingMessage? { await self.published.stream.first { _ in true } }
    private var files: Int { get throws { try self.journal.entries().count } }

    @Test func aTimerFiresWhenItIsDue() async throws {
        let verifications = self.verifications()
        #expect(await verifications.keep(Self.verification(1), for: self.options.initTimeout) == .done)
        #expect(try verifications.isKept(BuildID(rawValue: 1)) && self.files == 1)
        let running = RunningService(verifications)
        // The journal's clock is the wall's, which goes on, for minutes perhaps where much else runs.
        await self.clock.pass(.seconds(10))
        await self.clock.sleepers()
        self.clock.advance(by: self.options.initTimeout - .seconds(10))
        let message = try #require(await self.nextPublished())
        #expect(
            message.routingKey == self.options.retryQueue && message.properties.headers[Header.initTimer]?.integer == 1)
        try await eventually("it is kept no more") { try verifications.count == 0 && self.files == 0 }
        try await running.shutDown()
    }

    @Test func whatIsNotConfirmedIsPublishedAgain() async throws {
        self.outcomes.withLock { $0 = [.unconfirmed("away"), .nacked] }
        let verifications = self.verifications()
        #expect(await verifications.keep(Self.verification(1), for: .zero) == .done)
        let running = RunningService(verifications)
        for _ in 1...2 {
            #expect(await self.nextPublished() != nil)
            await self.clock.pass(.seconds(60))
        }
        #expect(await self.nextPublished() != nil)
        try await eventually("it is kept no more") { verifications.count == 0 }
        try await running.shutDown()
    }

    /// A look ahead of time: no round is spent, and nothing is late.
    @Test func theShutdownHandsTimersOver() async throws {
        let verifications = self.verifications()
        for build in 1...2 { #expect(await verifications.keep(Self.verification(build), for: .seconds(60)) == .done) }
        let running = RunningService(verifications)
        await self.clock.sleepers(2)
        // As on a broker that takes one of them.
        self.outcomes.withLock { $0 = [.confirmed, .unconfirmed("away")] }
        try await running.shutDown()
        let message = try #require(await self.nextPublished())
        #expect(
            message.properties.headers[Header.initRound]?.integer == 1
                && message.properties.headers[Header.initTimer] == nil)
        #expect(try self.files == 1, "the other stays for the next worker")
        let next = self.verifications()
        await next.rearm()
        #expect(next.count == 1)
    }

    @Test func withoutARetryQueueItIsHandledHere() async throws {
        self.isRetryQueueUsable.withLock { $0 = false }
        let verifications = self.verifications()
        for build in 1...3 { #expect(await verifications.keep(Self.verification(build), for: .zero) == .done) }
        let running = RunningService(verifications)
        var deliveries = verifications.deliveries.makeAsyncIterator()
        let first = try #require(await deliveries.next())
        let second = try #require(await deliveries.next())
        #expect(first.tag.isOfThisProcess && verifications.count == 3, "two of three, as many as the prefetch")
        await verifications.settle(first.tag, as: .nack)
        await verifications.settle(second.tag, as: .ack)
        let third = try #require(await deliveries.next())
        await verifications.settle(third.tag, as: .ack)
        await self.clock.pass(self.options.retryDelay)
        let again = try #require(await deliveries.next())
        #expect(again.body == first.body && again.properties.headers[Header.earlierAttempts]?.integer == 1)
        await verifications.settle(again.tag, as: .ack)
        #expect(try verifications.count == 0 && self.files == 0)
        try await running.shutDown()
    }

    /// It was given out when nobody took any more.
    @Test func whatNobodyTookIsThereForTheNextWorker() async throws {
        self.isRetryQueueUsable.withLock { $0 = false }
        let verifications = self.verifications()
        #expect(await verifications.keep(Self.verification(1), for: .zero) == .done)
        verifications.endDeliveries()
        let running = RunningService(verifications)
        try await running.shutDown()
        #expect(try self.files == 1)
    }
}
