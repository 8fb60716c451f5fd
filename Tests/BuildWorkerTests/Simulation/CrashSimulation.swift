import Foundation
import Logging
import Synchronization

@testable import BuildWorker
@testable import RabbitMQ
@testable import Spool
@testable import Support
@testable import Workflow

/// Workers that are killed, one after another on one disk: the real pipeline, quarantine, ledger and workflow, with a broker and services
/// that are simulated.
///
/// A kill is a copy of what is on the disk at that moment, which the next worker gets; whatever the dying one still does has no effect.
final class CrashSimulation: DeliverySource {
    struct Outcome: Equatable {
        var crashes = 0
        /// Workers that began in a crash loop.
        var loops = 0
        /// By message: pods made, FAILUREs for having crashed workers.
        var pods: [Int: Int] = [:]
        var quarantined: Set<Int> = []
        /// That the broker has still.
        var left: Set<Int> = []
        /// Crashes when the poison was quarantined.
        var crashesToConvict: Int?
        var isHung = false
        var stillInLoop = false
    }

    private struct State {
        /// Of the broker: the front comes first. Messages by number, and how often each was delivered.
        var queue: [CrashSchedule.Message]
        var later: [CrashSchedule.Message]
        var deliveries: [Int: Int] = [:]
        var unacked: [UInt64: CrashSchedule.Message] = [:]
        var tag: UInt64 = 0
        /// Of which the build API has heard before.
        var told: Set<Int> = []
        var postponed: Set<Int> = []
        var isDead = false
        /// Comes when the worker is killed.
        var death = OneShotSignal()
        var outcome = Outcome()
    }

    private static let mostCrashes = 150
    private let schedule: CrashSchedule
    private let directory: String
    private let state: Mutex<State>
    /// How much faster time goes.
    private static let haste = 20_000

    init(_ schedule: CrashSchedule) {
        self.schedule = schedule
        let root =
            FileManager.default.fileExists(atPath: "/dev/shm")
            ? "/dev/shm" : FileManager.default.temporaryDirectory.path
        self.directory = "\(root)/crashes-\(UUID().uuidString)"
        var state = State(queue: schedule.messages, later: schedule.later)
        for message in schedule.messages + schedule.later where message.kind == .startOfStarted {
            (state.deliveries[message.number], state.outcome.pods[message.number]) = (1, 1)
        }
        self.state = Mutex(state)
    }

    func run() async throws -> Outcome {
        defer { try? FileManager.default.removeItem(atPath: self.directory) }
        while true {
            let number = self.state.withLock { state in
                (state.isDead, state.death) = (false, OneShotSignal())
                // It came first, and comes first again.
                state.queue = state.unacked.sorted { $0.key < $1.key }.map(\.value) + state.queue
                state.unacked = [:]
                return state.outcome.crashes
            }
            guard number < Self.mostCrashes else {
                self.state.withLock { $0.outcome.isHung = true }
                break
            }
            try await self.runWorker("\(self.directory)/\(number)")
            guard self.state.withLock({ $0.isDead || !$0.later.isEmpty }) else { break }
            self.state.withLock { state in if !state.later.isEmpty { state.queue.append(state.later.removeFirst()) } }
        }
        return self.state.withLock { state in
            state.outcome.left = Set((state.queue + state.later + state.unacked.values).map(\.number))
            return state.outcome
        }
    }

    /// A program that another test is just starting has inherited the last worker's lock until it is executed.
    private func lock(_ path: String) async throws -> SpoolDirectory {
        for _ in 0..<500 {
            do throws(SpoolError) { return try SpoolDirectory(path) } catch {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        return try SpoolDirectory(path)
    }

    /// Until it is killed, or nothing is left to do.
    private func runWorker(_ path: String) async throws {
        let spool = try await self.lock(path)
        let beginning = ContinuousClock.now
        let clock = QuarantineClock(
            // Time goes so fast that everything would take too long.
            longestAlone: .seconds(100_000_000),
            now: { beginning + (ContinuousClock.now - beginning) * Self.haste },
            sleep: { duration in
                do { try await Task.sleep(for: duration / Self.haste) } catch { return false }
                return true
            })
        let health = Health(queues: [])
        let quarantine = Quarantine(
            spool, prefetch: self.schedule.prefetch, health: health, logger: Self.silent, clock: clock)
        if health.isInCrashLoop { self.state.withLock { $0.outcome.loops += 1 } }
        let pipeline = DeliveryPipeline(
            WorkflowRules(), RabbitMQOptions(), logger: Self.silent, quarantine: quarantine,
            limits: KeyedSemaphore { _ in nil }, inFlightCount: InFlightCount(),
            perform: { action, _, context in await self.perform(action, context, path) }, isOutage: { _ in false },
            observers: [{ event, context in self.observe(event, context, path) }])
        await withTaskGroup(of: Void.self) { group in
            let death = self.state.withLock { $0.death }
            group.addTask { await death.wait() }
            var inFlightCount = 0
            while !self.isDead {
                while inFlightCount < self.schedule.prefetch, !self.isDead, let delivery = self.deliver() {
                    let received = pipeline.receive(delivery, from: self)
                    inFlightCount += 1
                    group.addTask { await pipeline.finish(received) }
                }
                guard inFlightCount > 0, !self.isDead else { break }
                await group.next()
                inFlightCount -= 1
            }
            death.fire()
            group.cancelAll()
        }
        if !self.isDead { self.state.withLock { $0.outcome.stillInLoop = health.isInCrashLoop } }
    }

    private static let silent = Logger(label: "crashes") { _ in SwiftLogNoOpLogHandler() }

    private var isDead: Bool { self.state.withLock { $0.isDead } }

    // MARK: The broker

    private func deliver() -> Delivery? {
        self.state.withLock { state in
            guard !state.queue.isEmpty else { return nil }
            let message = state.queue.removeFirst()
            state.tag += 1
            state.unacked[state.tag] = message
            state.deliveries[message.number, default: 0] += 1
            var properties = MessageProperties()
            // Counted by others as well, who were killed: never evidence.
            properties.headers["x-delivery-count"] = .int64(Int64(state.deliveries[message.number, default: 1] - 1))
            if state.postponed.contains(message.number) { properties.headers[Header.earlierAttempts] = .int64(0) }
            return Delivery(
                tag: DeliveryTag(generation: 1, channel: 1, number: state.tag), queue: "builds",
                isRedelivered: state.deliveries[message.number, default: 1] > 1,
                properties: properties, body: message.body)
        }
    }

    func settle(_ tag: DeliveryTag, as settlement: Settlement) {
        self.state.withLock { state in
            guard !state.isDead, let message = state.unacked.removeValue(forKey: tag.number) else { return }
            if settlement == .nack { state.queue.append(message) }
        }
    }

    func flush() async {}

    func isGone(_ tag: DeliveryTag) -> Bool { false }

    // MARK: Services, and what kills

    /// - Returns: `false`: it was killed now or before.
    private func begin(
        _ step: HandlingStep, _ message: CrashSchedule.Message, _ context: DeliveryContext, _ path: String
    ) -> Bool {
        // What kills lies in the message, which is not read any more.
        let isCondemned = if case .poison = context.command { true } else { false }
        return self.state.withLock { state in
            guard !state.isDead else { return false }
            let crashes = state.outcome.crashes
            let isPoison = self.schedule.poison.map { $0.number == message.number && $0.step == step } ?? false
            let isPeer = self.schedule.peer.map { $0.step == step && $0.crashes.contains(crashes) } ?? false
            guard isPoison && !isCondemned || isPeer else { return true }
            state.isDead = true
            state.death.fire()
            state.outcome.crashes += 1
            let next = "\(self.directory)/\(crashes + 1)"
            do {
                try FileManager.default.createDirectory(atPath: next, withIntermediateDirectories: true)
                for name in ["inflight", "suspects"] where FileManager.default.fileExists(atPath: "\(path)/\(name)") {
                    try FileManager.default.copyItem(atPath: "\(path)/\(name)", toPath: "\(next)/\(name)")
                }
            } catch { fatalError("\(error)") }
            return false
        }
    }

    private func message(_ context: DeliveryContext) -> CrashSchedule.Message? {
        self.state.withLock { $0.unacked[context.delivery.tag.number] }
    }

    private func observe(_ event: DeliveryEvent, _ context: DeliveryContext, _ path: String) {
        guard let message = self.message(context) else { return }
        switch event {
        case .received: _ = self.begin(.reading, message, context, path)
        case .settled: _ = self.begin(.settle, message, context, path)
        case .started, .actionStarted, .actionCompleted, .requeued, .takenBack, .setAside: break
        }
    }

    private func perform(_ action: Action, _ context: DeliveryContext, _ path: String) async -> [Fact] {
        await Task.yield()
        guard let message = self.message(context), self.begin(action.step, message, context, path) else {
            // Killed: what is asked is asked of nobody.
            do { try await Task.sleep(for: .seconds(60)) } catch {}
            return []
        }
        return self.state.withLock { state in
            switch action {
            case .ask(.isWaiting): return [.build(message.kind == .startOfStarted ? .begun : .waiting)]
            case .ask(.hasEnded): return [.build(.running)]
            case .createPod:
                if message.kind == .startOfInvalidPod { return [.creation(.rejected("no"))] }
                guard state.outcome.pods[message.number] == nil else { return [.creation(.alreadyExists)] }
                state.outcome.pods[message.number, default: 0] += 1
                return [.creation(.created(seen: Self.pod(message.kind)))]
            case .getPod:
                let isThere = context.command == .verify || state.outcome.pods[message.number] != nil
                return [.pod(isThere ? Self.pod(message.kind) : .notFound)]
            case .searchPods: return [.search(.notFound)]
            case .armTimer(_, let note):
                if message.kind == .startWithoutTimerQueue {
                    return [.timer(.unroutable)] + (note == nil ? [] : [.note(.taken)])
                }
                return [.timer(.confirmed)] + (note == nil ? [] : [.note(.taken)])
            case .keepTimer: return [.timerKept(.done)]
            case .requestVerification: return [.verification(.confirmed)]
            case .notifyBuild: return [.note(.taken)]
            case .reportFailure(.poison): return [.failure(.taken)]
            case .reportFailure:
                // Poison that dies when it is postponed is never heard.
                let isHeard =
                    message.kind != .verifyOfUntold
                    || message.number != self.schedule.poison?.number && !state.told.insert(message.number).inserted
                return [.failure(isHeard ? .taken : .notTaken("502"))]
            case .deletePods: return [.deletion(.done)]
            case .clearCache: return [.clearing(.done)]
            case .park:
                if case .poison = context.command {
                    state.outcome.quarantined.insert(message.number)
                    state.outcome.crashesToConvict = state.outcome.crashes
                }
                return [.parking(.confirmed)]
            case .postpone:
                state.queue.append(message)
                state.deliveries[message.number] = 0
                state.postponed.insert(message.number)
                return [.postponement(.confirmed)]
            }
        }
    }

    private static func pod(_ kind: CrashSchedule.Kind) -> PodObservation {
        switch kind {
        case .verifyFailed, .verifyOfUntold, .startOfBrokenPod:
            .broken(PodFailure(.ended(phase: "failed"), "", hasBegun: true))
        case .verifyRunning: .running(node: "n1")
        case .start, .startOfStarted, .startOfInvalidPod, .startWithoutTimerQueue, .stop, .clear, .unreadable:
            .pending(node: nil, waitsFor: "a node")
        }
    }
}
