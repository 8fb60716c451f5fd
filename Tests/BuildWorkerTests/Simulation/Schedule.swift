@testable import BuildWorker
@testable import Workflow

/// All that is decided before a simulation begins: a function of its seed. What happens on the way is drawn from the
/// same generator as it happens.
struct Schedule {
    struct Build {
        let fate: PodFate
        /// Its token is refused: the API answers each question and report about it with a final 4xx.
        let isUnknownToAPI: Bool
        /// The API fails for this build, and for no other: no outage.
        let isBrokenInAPI: Bool
    }

    /// A message that a controller publishes.
    struct Entry {
        /// When, in milliseconds.
        let time: Int
        /// `nil`: it concerns none.
        let build: Int?
        let command: BuildCommand
    }

    /// A service fails for everybody from the first moment until the last.
    struct Outage {
        let service: SimulatedService
        let times: ClosedRange<Int>
    }

    let seed: Int
    private(set) var builds: [Build] = []
    private(set) var entries: [Entry] = []
    /// When, in milliseconds, somebody who is not a worker deletes which build's pods.
    private(set) var interferences: [(time: Int, build: Int)] = []
    private(set) var outages: [Outage] = []
    let rules: WorkflowRules
    let workers: Int
    /// Deliveries a worker may hold unsettled, for each of the two queues.
    let prefetch: Int
    /// Without it workers keep init timers and what comes of them themselves.
    let hasRetryQueue: Bool
    /// Without it workers keep the init timers themselves.
    let hasInitQueue: Bool
    let hasParkedQueue: Bool
    var faults: FaultBudget
    /// What draws the rest.
    var random: SeededGenerator

    /// How long a message stays in a wait queue, and in the init queue.
    static let waitMilliseconds = 30_000
    static let initMilliseconds = 300_000
    /// How long trouble that may pass is given, and how long the API may owe an answer for one build.
    static let healMilliseconds = 60_000
    static let owedMilliseconds = 7_200_000

    init(seed: Int) {
        var random = SeededGenerator(seed: UInt64(truncatingIfNeeded: seed))
        self.seed = seed
        self.rules = WorkflowRules(
            reprocessLimit: random.chance(percent: 30) ? 1 : random.between(2, 5), verifyLimit: random.between(1, 6),
            initTimeout: .milliseconds(Self.initMilliseconds))
        self.hasRetryQueue = !random.chance(percent: 8)
        self.workers = random.chance(percent: 50) ? 1 : random.between(2, 3)
        self.prefetch = random.between(1, 5)
        self.hasInitQueue = !random.chance(percent: 10)
        self.hasParkedQueue = !random.chance(percent: 10)
        self.faults = FaultBudget(&random)
        self.random = random
        for build in 0..<self.random.between(1, 4) { self.draw(build) }
        for _ in 0..<self.random.below(3) where self.random.chance(percent: 25) {
            self.entries.append(
                Entry(
                    time: self.random.below(60_000), build: nil,
                    command: self.random.chance(percent: 70) ? .unreadable : .clear))
        }
        for service in [SimulatedService.cluster, .buildAPI] where self.random.chance(percent: 8) {
            let begin = self.random.below(400_000)
            self.outages.append(Outage(service: service, times: begin...begin + self.random.between(1_000, 1_200_000)))
        }
    }

    private mutating func draw(_ build: Int) {
        self.builds.append(
            Build(
                fate: self.drawFate(), isUnknownToAPI: self.random.chance(percent: 3),
                isBrokenInAPI: self.random.chance(percent: 2)))
        let start = self.random.below(2_000)
        let command = self.random.chance(percent: 2) ? BuildCommand.poison(crashes: 3) : .start
        self.entries.append(Entry(time: start, build: build, command: command))
        while self.random.chance(percent: 20) {
            self.entries.append(Entry(time: start + self.drawDistance(), build: build, command: command))
        }
        if self.random.chance(percent: 35) {
            let stop = max(0, start + self.drawDistance() - 10)
            self.entries.append(Entry(time: stop, build: build, command: .stop))
            if self.random.chance(percent: 10) {
                self.entries.append(Entry(time: stop + self.drawDistance(), build: build, command: .stop))
            }
        }
        if self.random.chance(percent: 10) { self.interferences.append((start + self.drawDistance(), build)) }
    }

    /// Near enough to race, or between the timers, or about when they fire.
    private mutating func drawDistance() -> Int {
        switch self.random.below(4) {
        case 0, 1: self.random.below(60)
        case 2: self.random.below(60_000)
        default: self.random.below(2 * Self.initMilliseconds)
        }
    }

    private mutating func drawFate() -> PodFate {
        let soon = self.random.between(1, 20_000)
        let lastTimer = self.rules.verifyLimit * Self.initMilliseconds
        return switch self.random.below(20) {
        case 0...8: .begins(start: soon, length: self.random.between(100, 600_000))
        case 9...11:
            .begins(start: self.random.between(1_000, lastTimer + 200_000), length: self.random.between(100, 600_000))
        case 12: .imageError(after: soon)
        case 13: .imagePause(after: self.random.between(1, 40), recovery: self.random.between(1, 50_000))
        case 14: .containerError(after: soon)
        case 15: .fails(after: soon)
        case 16: .evicted(start: soon, after: soon)
        case 17: .never
        case 18: .invalid
        default: .nameTaken
        }
    }
}
