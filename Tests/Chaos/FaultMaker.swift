internal import BuildWorker
internal import ChaosModel
internal import Support
internal import TestSupport

/// Makes the faults of a schedule, and undoes each.
struct FaultMaker: Sendable {
    let broker: BrokerUnderTest
    let simulator: Simulator
    let workers: [WorkerSlot]
    let recorder: Recorder
    let seed: UInt64

    /// One victim's faults come one after another; different victims' at the same time.
    private enum Victim: Hashable { case broker, kubernetes, api, worker(Int) }

    /// So long a victim is left alone between two faults: builds that lost attempts to the first have a good one.
    private static let rest: [Victim: Duration] = [.kubernetes: .seconds(4), .api: .seconds(2), .broker: .seconds(2)]

    /// Makes all of them. Returns when the last is over.
    func make(_ schedule: FaultSchedule, since start: ContinuousClock.Instant) async throws {
        try await withThrowingTaskGroup { group in
            for (victim, entries) in Dictionary(grouping: schedule.entries, by: { self.victim(of: $0.fault) }) {
                group.addTask {
                    for entry in entries {
                        try await Task.sleep(until: start + .seconds(entry.at))
                        do { try await self.make(entry) } catch let error where !(error is CancellationError) {
                            try self.recorder.record(entry, .notMade, "\(entry.fault): \(error)")
                        }
                        try await Task.sleep(for: Self.rest[victim] ?? .seconds(1))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func victim(of fault: Fault) -> Victim {
        switch fault {
        case .workerKilled(let worker, _), .workerReplaced(let worker, _), .workerFrozen(let worker, _),
            .spoolDiskFull(let worker, _),
            .clockJumped(let worker, _, _):
            .worker(worker)
        case .brokerKilled, .brokerFrozen, .connectionsCut, .memoryAlarm: .broker
        case .requests(let api, _, _, _), .rawAnswers(let api, _, _, _), .outage(let api, _), .refusal(let api, _, _):
            api == .kubernetes ? .kubernetes : .api
        }
    }

    private func make(_ entry: FaultSchedule.Entry) async throws {
        func lasting(_ seconds: Double, rule: Int? = nil) async throws {
            try self.recorder.record(entry, .began, rule: rule)
            try await Task.sleep(for: .seconds(seconds))
        }
        switch entry.fault {
        case .workerKilled(let worker, let pause):
            try await self.workers[worker - 1].kill9()
            try await lasting(pause)
            try await self.workers[worker - 1].start()
        case .workerReplaced(let worker, let pause):
            try self.recorder.record(entry, .began)
            try await self.workers[worker - 1].drain()
            try await Task.sleep(for: .seconds(pause))
            try await self.workers[worker - 1].start()
        case .workerFrozen(let worker, let seconds):
            await self.workers[worker - 1].freeze()
            try await lasting(seconds)
            await self.workers[worker - 1].thaw()
        case .spoolDiskFull(let worker, let seconds):
            try self.workers[worker - 1].disk.fill()
            try await lasting(seconds)
            try self.workers[worker - 1].disk.free()
        case .clockJumped(let worker, let jump, let seconds):
            try self.workers[worker - 1].clock.jump(by: jump)
            try await lasting(seconds)
            try self.workers[worker - 1].clock.jump(by: 0)
        case .brokerKilled(let pause):
            try await self.broker.kill()
            try await lasting(pause)
            try await self.broker.node.restart()
        case .brokerFrozen(let seconds):
            try await self.broker.node.pause()
            try await lasting(seconds)
            try await self.broker.node.resume()
        case .connectionsCut:
            try self.recorder.record(entry, .began)
            try await self.broker.node.ctl("close_all_connections", "chaos")
        case .memoryAlarm(let seconds):
            try await self.broker.node.ctl("set_vm_memory_high_watermark", "0.00001")
            try await lasting(seconds)
            try await self.broker.node.ctl("set_vm_memory_high_watermark", "0.6")
        case .requests(let api, let fault, let probability, let seconds):
            let rule = try await self.rule(entry, api, fault.action, probability)
            try await lasting(seconds, rule: rule)
            try await self.simulator.removeFault(rule)
        case .rawAnswers(let api, let answers, let probability, let seconds):
            // The oldest rule that hits decides: each is asked only about what those before it left.
            let part = probability / Double(answers.count)
            var rules: [Int] = []
            for (index, answer) in answers.enumerated() {
                let action: JSONValue = ["raw": .string(answer.kind.rawValue), "after": .bool(answer.isAfter)]
                rules.append(try await self.rule(entry, api, action, part / (1 - Double(index) * part), part: index))
            }
            try await lasting(seconds)
            for rule in rules { try await self.simulator.removeFault(rule) }
        case .refusal(let api, let status, let seconds):
            let rule = try await self.simulator.fault([
                "listener": .string(api.rawValue), "action": ["status": .number(String(status))],
            ])
            try await lasting(seconds, rule: rule)
            try await self.simulator.removeFault(rule)
        case .outage(let api, let seconds):
            try await self.simulator.setListener(api.rawValue, open: false)
            try await lasting(seconds)
            try await self.simulator.setListener(api.rawValue, open: true)
        }
        try self.recorder.record(entry, .over)
    }

    /// - Parameter part: tells rules of one fault apart, which must not all draw the same.
    private func rule(
        _ entry: FaultSchedule.Entry, _ api: Fault.API, _ action: JSONValue, _ probability: Double, part: Int = 0
    ) async throws -> Int {
        let seed = String((self.seed &+ UInt64(entry.number) &+ 1_000 * UInt64(part)) % 1_000_000_007)
        return try await self.simulator.fault([
            "listener": .string(api.rawValue), "probability": .number(String(probability)), "seed": .number(seed),
            "action": action,
        ])
    }
}

extension RequestFault {
    /// As the simulator's rules have it.
    fileprivate var action: JSONValue {
        func moment(_ isAfter: Bool) -> JSONValue { isAfter ? "after" : "before" }
        return switch self {
        case .status(let code, let isAfter): ["status": .number(String(code)), "after": .bool(isAfter)]
        case .reset(let isAfter): ["reset": moment(isAfter)]
        case .hang(let isAfter): ["hang": moment(isAfter), "seconds": 10]
        case .delay(let milliseconds): ["delayMs": .number(String(milliseconds))]
        case .truncate: ["truncate": true]
        }
    }
}
