internal import BuildWorker
internal import ChaosModel
internal import Foundation
internal import RabbitMQ
internal import Support
internal import TestSupport

/// One run: everything is started, plan and faults go their way, and when all has come to rest the evidence is gathered.
struct ChaosRun: Sendable {
    private let settings: ChaosSettings
    private let recorder: Recorder
    private let queues: Queues
    private let broker: BrokerUnderTest
    private let simulator: Simulator
    private let workers: [WorkerSlot]
    private let publisher: PublishingConnection

    /// Longer than a build may take that is retried to its limit and verified to its limit.
    private static let restLimit = Duration.seconds(120)

    static func prepare(_ settings: ChaosSettings, _ files: EvidenceFiles, spool: URL, libfaketime: String) async throws
        -> ChaosRun
    {
        let recorder = try Recorder(files, settings)
        let queues = Queues("builds")
        let node = try await Broker.start()
        // Answers take their time, as real ones do: whoever is killed shall have something in flight.
        let simulator = try await Simulator.start(
            "--token", Traffic.clusterSecret, "--namespace", "builds", "--latency-ms", "80", journal: files.journal)
        let environment = WorkerEnvironment(settings, queues, node, simulator).variables
        try await QueueDefinitions(settings: settings, queues: queues, environment: environment).apply(to: node)
        var workers: [WorkerSlot] = []
        for number in 1...settings.workers {
            let directory = spool.appendingPathComponent("worker-\(number)")
            let disk = try await SpoolDisk(directory)
            let clock = try WorkerClock(spool.appendingPathComponent("clock-\(number)"), library: libfaketime)
            workers.append(WorkerSlot(number, settings, environment: environment, disk: disk, clock: clock, recorder))
        }
        var options = node.options(queues)
        (options.heartbeat, options.reconnectLimit) = (.seconds(5), .seconds(1))
        let publisher = PublishingConnection(
            AMQPEndpoint(options, connectionName: "chaos controller"), confirmTimeout: .seconds(15),
            timeout: .seconds(60)
        ) { _ in }
        return ChaosRun(
            settings: settings, recorder: recorder, queues: queues, broker: BrokerUnderTest(node), simulator: simulator,
            workers: workers,
            publisher: publisher)
    }

    func run() async throws {
        self.recorder.say(
            "\(self.settings.builds) builds, \(self.settings.faults) faults, \(self.settings.workers) workers, \(self.settings.layout.rawValue) queues"
        )
        self.publisher.start()
        for worker in self.workers { try await worker.start() }
        let traffic = Traffic(
            queues: self.queues, hasRetryQueue: self.settings.layout != .alone, simulator: self.simulator,
            publisher: self.publisher, recorder: self.recorder)
        let hangs = try await self.superviseWhile(traffic) {
            let start = ContinuousClock.now
            let faults = FaultMaker(
                broker: self.broker, simulator: self.simulator, workers: self.workers, recorder: self.recorder,
                seed: self.settings.seed)
            async let published: Void = traffic.publish(Plan(self.settings), since: start)
            async let made: Void = faults.make(FaultSchedule(self.settings), since: start)
            _ = try await (published, made)
            self.recorder.say("the last fault is over; waiting until nothing is left to do")
            return try await self.waitForRest()
        }
        try await self.gather(hangs)
    }

    /// Ends the supervision with the body: from then on nobody starts a worker again, or stops a build.
    private func superviseWhile<Result: Sendable>(
        _ traffic: Traffic, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            for worker in self.workers {
                group.addTask {
                    do { try await worker.supervise() } catch is CancellationError {}
                    return nil
                }
            }
            group.addTask {
                do { try await traffic.publishStops() } catch is CancellationError {}
                return nil
            }
            group.addTask { try await body() }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            throw NotInTime(description: "nobody ran")
        }
    }

    /// - Returns: what still hangs when time is up; nil when all is at rest.
    private func waitForRest() async throws -> String? {
        let end = ContinuousClock.now + Self.restLimit
        // Depths of quorum queues are up to a second old, and a message may be between two of them. Timers that a worker keeps
        // itself are in no queue at all.
        let calm = Duration.seconds(settings.layout.keepsTimersInWorkers ? settings.initTimeout + 3 : 3)
        var busySince = ContinuousClock.now
        var requests: Int?
        while true {
            let queues = try await self.broker.queues()
            let now = try await self.simulator.counts()["requests"]?.integer
            let busy = queues.filter { $0.name != self.queues.parked && $0.ready + $0.unacked > 0 }
            if !busy.isEmpty || now != requests { busySince = .now }
            requests = now
            let isAtRest = ContinuousClock.now - busySince >= calm
            if isAtRest || ContinuousClock.now >= end {
                try self.recorder.queues.write(QueueRecord(t: Recorder.now, isAfterWorkers: false, queues: queues))
                if isAtRest { return nil }
                return "not at rest after \(Self.restLimit): "
                    + (busy.isEmpty
                        ? "requests go on"
                        : busy.map { "\($0.name) \($0.ready) ready, \($0.unacked) unacked" }.joined(separator: "; "))
            }
            try await Task.sleep(for: .milliseconds(700))
        }
    }

    private func gather(_ hangs: String?) async throws {
        self.recorder.say(hangs ?? "at rest; ending the workers")
        try await withThrowingTaskGroup { group in
            for worker in self.workers { group.addTask { try await worker.drain() } }
            try await group.waitForAll()
        }
        for worker in self.workers {
            for report in try await worker.reports() { try self.recorder.reports.write(report) }
            try await worker.disk.unmount()
        }
        let queues = try await self.queuesAfterWorkers()
        try self.recorder.queues.write(QueueRecord(t: Recorder.now, isAfterWorkers: true, queues: queues))
        try await self.takeParked(queues.first { $0.name == self.queues.parked }?.ready ?? 0)
        try Data(try await self.simulator.state().document.serialized()).write(to: self.recorder.files.state)
        let end = RunEnd(
            hangs: hangs, began: self.recorder.began, ended: Recorder.now,
            redelivered: try await self.broker.redelivered(),
            secrets: [Traffic.secret, BuildToken.beginning, Traffic.clusterSecret])
        try JSONEncoder().encode(end).write(to: self.recorder.files.end)
        self.publisher.stop()
        await self.publisher.waitUntilStopped()
        self.simulator.stop()
        try await self.simulator.process.waitForExit()
        // Its data goes too: no need to wait for a gentle end.
        try await self.broker.node.kill9()
    }

    /// What the workers held goes back within a tick of the queues; what is then still unacked stays so.
    private func queuesAfterWorkers() async throws -> [QueueRecord.Queue] {
        var queues = try await self.broker.queues()
        for _ in 0..<5 where queues.contains(where: { $0.unacked > 0 }) { queues = try await self.broker.queues() }
        return queues
    }

    private func takeParked(_ count: Int) async throws {
        guard count > 0 else { return }
        let connection = ConsumingConnection(
            AMQPEndpoint(self.broker.node.options(self.queues), connectionName: "chaos checker"),
            queues: [self.queues.parked],
            prefetch: min(count, 65_535), host: "chaos"
        ) { _ in }
        connection.start()
        defer { connection.stop() }
        var taken = 0
        for await delivery in connection.deliveries {
            try self.recorder.parked.write(
                ParkedMessage(body: Data(delivery.body), reason: delivery.properties.headers["x-parked-reason"]?.text))
            taken += 1
            if taken == count { return }
        }
    }
}
