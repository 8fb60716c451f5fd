/// When which fault begins. A function of the settings.
package struct FaultSchedule: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let number: Int
        /// Seconds from the beginning of the run. Faults of one victim come one after another, so one may begin later.
        package let at: Double
        package let fault: Fault
    }

    package let entries: [Entry]

    package init(_ settings: ChaosSettings) {
        var random = SplitMix64(seed: settings.seed ^ 0x6661_756C_7473_2121)
        let possible = FaultKind.allCases.filter {
            [.quorum, .guide, .alone].contains(settings.layout) || $0 != .brokerKilled
        }
        // Each kind once before any twice: a small run has a bit of everything. Classic queues dead-letter at most once, so that a killed broker may
        // lose their messages: the guide's are killed all the same, because operators' are.
        var bag = possible.shuffled(using: &random)
        let slot = settings.window / Double(max(1, settings.faults))
        self.entries = (0..<settings.faults).map { number in
            let kind = bag.popLast() ?? random.pick(possible, weight: \.weight)
            let at = Double(number) * slot + random.tenths(0...max(0.1, slot))
            return Entry(number: number + 1, at: at, fault: Self.draw(kind, workers: settings.workers, using: &random))
        }
    }

    private static func draw(_ kind: FaultKind, workers: Int, using random: inout SplitMix64) -> Fault {
        let worker = Int.random(in: 1...workers, using: &random)
        return switch kind {
        case .workerKilled: .workerKilled(worker, downFor: random.tenths(0...4))
        case .workerReplaced: .workerReplaced(worker, downFor: random.tenths(0...2))
        case .workerFrozen: .workerFrozen(worker, seconds: random.tenths(1...8))
        case .spoolDiskFull: .spoolDiskFull(worker, seconds: random.tenths(2...6))
        case .clockJumped:
            .clockJumped(
                worker, by: random.pick([-86_400, -3_600, -30, 30, 3_600, 86_400]) { _ in 1 },
                seconds: random.tenths(2...6))
        case .brokerKilled: .brokerKilled(downFor: random.tenths(0...3))
        case .brokerFrozen: .brokerFrozen(seconds: random.tenths(1...6))
        case .connectionsCut: .connectionsCut
        case .memoryAlarm: .memoryAlarm(seconds: random.tenths(1...5))
        // No longer than two waits: a build that is hit by chance has attempts left when it is over.
        case .kubernetesRequests:
            .requests(
                .kubernetes, .draw(using: &random), probability: random.tenths(2...6) / 10,
                seconds: random.tenths(2...4))
        case .apiRequests:
            .requests(
                .api, .draw(using: &random), probability: random.tenths(2...6) / 10, seconds: random.tenths(2...6))
        case .kubernetesRawAnswers:
            .rawAnswers(
                .kubernetes, RawAnswer.draw(using: &random), probability: random.tenths(2...6) / 10,
                seconds: random.tenths(2...4))
        case .apiRawAnswers:
            .rawAnswers(
                .api, RawAnswer.draw(using: &random), probability: random.tenths(2...6) / 10,
                seconds: random.tenths(3...8))
        // Longer than all attempts of a build together.
        case .kubernetesOutage: .outage(.kubernetes, seconds: random.tenths(3...16))
        case .apiOutage: .outage(.api, seconds: random.tenths(3...16))
        case .kubernetesRefusal:
            .refusal(.kubernetes, status: random.pick([500, 503, 401, 429]) { _ in 1 }, seconds: random.tenths(3...16))
        case .apiRefusal:
            .refusal(.api, status: random.pick([500, 502, 503]) { _ in 1 }, seconds: random.tenths(3...16))
        }
    }
}

extension RequestFault {
    fileprivate static func draw(using random: inout SplitMix64) -> RequestFault {
        let isAfter = random.chance(0.5)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return .status(random.pick([500, 502, 503, 504, 429]) { _ in 1 }, isAfter: isAfter)
        case 1: return .reset(isAfter: isAfter)
        case 2: return .hang(isAfter: isAfter)
        case 3: return .delay(milliseconds: 100 * Int.random(in: 2...40, using: &random))
        default: return .truncate
        }
    }
}
