import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support
@testable import Workflow

/// Whether the worker makes progress, and who says so.
@Suite(.timeLimit(.minutes(1))) final class ProgressTests: Sendable {
    private let clock = ManualClock()

    private static func context(_ job: String = "start") -> DeliveryContext {
        let body =
            #"{"job":"\#(job)","buildConfig":{"buildId":4711,"jobId":12,"apiUri":"http://api","token":"t","container":"node:22","jobName":"main"}}"#
        let tag = DeliveryTag(generation: 1, channel: 1, number: 1)
        let delivery = Delivery(
            tag: tag, queue: "builds", isRedelivered: false, properties: MessageProperties(), body: Array(body.utf8))
        return DeliveryContext(
            delivery, options: RabbitMQOptions(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func liveness(
        _ inFlight: InFlight, loopAge: Duration = .zero, isHeldUp: Bool = false,
        canPublishSince: ContinuousClock.Instant? = nil
    ) -> Liveness {
        Liveness(
            loops: [.init(name: "consume") { loopAge }], inFlight: inFlight, isPublishingHeldUp: { isHeldUp },
            canPublishSince: { canPublishSince },
            clock: self.clock, loopDeadline: .seconds(60), stepDeadline: Liveness.stepDeadline(ExecutorOptions()))
    }

    @Test(arguments: [(Duration.seconds(1), true), (.seconds(3600), false)])
    func aThreadThatDoesNotTurnIsNoLife(age: Duration, isAlive: Bool) {
        #expect(self.liveness(InFlight(clock: self.clock), loopAge: age).problems.isEmpty == isAlive)
    }

    @Test func aWorkerWhoseStepHangsIsNotAlive() {
        let (inFlight, context) = (InFlight(clock: self.clock), Self.context())
        let liveness = self.liveness(inFlight)
        inFlight.observe(.received, context)
        self.clock.advance(by: liveness.stepDeadline * 2)
        #expect(liveness.problems.isEmpty, "it waits for its turn")
        inFlight.observe(.started, context)
        inFlight.observe(.actionStarted(.createPod), context)
        self.clock.advance(by: liveness.stepDeadline)
        #expect(liveness.problems.isEmpty)
        self.clock.advance(by: .seconds(1))
        #expect(liveness.problems.count == 1 && liveness.problems[0].contains("4711"))
        #expect(liveness.problems(withBuilds: false).allSatisfy { !$0.contains("4711") })
        #expect(!Answer.verdict(liveness.problems).isOK, "503 on /livez")
        inFlight.observe(.actionStarted(.getPod), context)
        #expect(liveness.problems.isEmpty, "the next step begins anew")
        self.clock.advance(by: liveness.stepDeadline * 2)
        inFlight.observe(.requeued, context)
        #expect(liveness.problems.isEmpty)
    }

    /// While the broker takes nothing, and for the usual time afterwards, whoever waits for its word waits rightly.
    @Test(arguments: [(Action.park, true), (.createPod, false)])
    func waitingForAConfirmIsJudgedBySinceWhenOnesCanCome(action: Action, mayWait: Bool) {
        let (inFlight, context) = (InFlight(clock: self.clock), Self.context())
        inFlight.observe(.received, context)
        inFlight.observe(.actionStarted(action), context)
        self.clock.advance(by: .seconds(36_000))
        #expect(self.liveness(inFlight, isHeldUp: true).problems.isEmpty == mayWait)
        let liveness = self.liveness(inFlight, canPublishSince: self.clock.now)
        #expect(liveness.problems.isEmpty == mayWait)
        self.clock.advance(by: liveness.stepDeadline + .seconds(1))
        #expect(!liveness.problems.isEmpty)
    }

    @Test func whatWaitsIsForgottenWhenItIsDue() {
        var options = RabbitMQOptions()
        options.retryDelay = .seconds(10)
        options.initTimeout = .seconds(60)
        let (waiting, context) = (Waiting(options, clock: self.clock), Self.context())
        waiting.observe(
            .actionCompleted(.armTimer(round: 1, telling: .scheduled(node: "n")), .timer(.confirmed), took: .zero),
            context)
        waiting.observe(.settled(.nack, Facts(), took: .zero), context)
        #expect(waiting.all.map(\.why) == [.retry, .initTimer], "the soonest first")
        self.clock.advance(by: .seconds(10))
        #expect(waiting.all.map(\.why) == [.initTimer])
        self.clock.advance(by: .seconds(50))
        #expect(waiting.all.isEmpty)
    }

    @Test func theWatchdogBeatsAndTellsChanges() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("heartbeat-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let state = Mutex((beats: 0, points: 0, figures: 0, isReady: false, problems: [String]()))
        let watchdog = Watchdog(
            problems: { state.withLock { $0.problems } }, isReady: { state.withLock { $0.isReady } },
            heartbeat: {
                state.withLock {
                    $0.beats += 1
                    return ["beat": .integer($0.beats)]
                }
            },
            sendFigures: { state.withLock { $0.figures += 1 } }, closePoint: { state.withLock { $0.points += 1 } },
            systemd: nil, heartbeatFile: file,
            startMarker: nil, clock: self.clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = RunningService(watchdog)
        // Figures are another's matter, and both sleep. Not ready yet, it looks often.
        await self.clock.sleepers(2)
        #expect(state.withLock { $0.beats } == 1)
        state.withLock { $0.isReady = true }
        self.clock.advance(by: .milliseconds(200))
        await self.clock.sleepers(2)
        #expect(state.withLock { $0.beats } == 2)
        for _ in 0..<2 {
            self.clock.advance(by: .seconds(5))
            await self.clock.sleepers(2)
        }
        #expect(state.withLock { ($0.beats, $0.points, $0.figures) } == (4, 2, 2))
        #expect(
            String(decoding: try #require(FileManager.default.contents(atPath: file)), as: UTF8.self)
                == "{\"beat\":4}\n")
        try await running.shutDown()
    }
}
