@testable import BuildWorker
@testable import Workflow

/// The real machine and runner of a delivery in workers, with a broker, a cluster and a build API that are simulated, under a virtual clock.
///
/// Single-threaded and without I/O: the run is a function of the seed (and of the planted bug). Each action of a worker is
/// three events: its request is sent, takes its effect, and its answer is known. Anything may happen between them.
final class Simulation {
    let schedule: Schedule
    let mutation: Mutation?
    var random: SeededGenerator
    var faults: FaultBudget
    var clock = VirtualClock()
    var broker = SimulatedBroker()
    var cluster: SimulatedCluster
    var api: SimulatedBuildAPI
    var workers: [SimulatedWorker]
    var handlings: [Handling] = []
    /// Of the handlings.
    var runners: [DeliveryRunner<SimulatedDrivers>] = []
    var keptTimers: [KeptTimer] = []
    /// Messages that were parked, by number.
    var parked: Set<Int> = []
    /// Builds that an operator has to end: the API would not be told of them.
    var owed: Set<Int> = []
    /// Builds with a pod that nobody has to answer for, should it stay after the build's end.
    var excused: [Bool]
    private(set) var violation: Violation?
    /// One line a step, if wanted.
    private(set) var trace: [String] = []
    private let isTracing: Bool

    /// No schedule needs more; one that does hangs.
    private static let mostEvents = 100_000
    /// A day.
    private static let latestMilliseconds = 86_400_000

    init(_ schedule: Schedule, mutation: Mutation? = nil, tracing isTracing: Bool = false) {
        self.schedule = schedule
        self.mutation = mutation
        self.isTracing = isTracing
        (self.random, self.faults) = (schedule.random, schedule.faults)
        self.cluster = SimulatedCluster(builds: schedule.builds)
        self.api = SimulatedBuildAPI(builds: schedule.builds)
        self.workers = Array(repeating: SimulatedWorker(builds: schedule.builds.count), count: schedule.workers)
        self.excused = schedule.builds.map { _ in false }
    }

    /// Runs until nothing will happen any more, or a promise is broken.
    func run() -> Violation? {
        for index in 0..<self.schedule.entries.count {
            self.clock.plan(.publish(entry: index), after: self.schedule.entries[index].time)
        }
        for interference in self.schedule.interferences {
            self.clock.plan(.interference(build: interference.build), after: interference.time)
        }
        var events = 0
        while self.violation == nil, let happening = self.clock.next() {
            events += 1
            guard events < Self.mostEvents, self.clock.now < Self.latestMilliseconds else {
                self.breaks(.nothingHangs, "there is no end after \(events) events")
                break
            }
            self.happen(happening)
        }
        if self.violation == nil { self.checkEnd() }
        return self.violation
    }

    private func happen(_ happening: Happening) {
        switch happening {
        case .publish(let entry): self.publish(self.schedule.entries[entry])
        case .dispatch(let queue): self.dispatch(queue)
        case .expire(let message):
            guard let queue = self.broker.expire(message) else { return }
            self.note("message \(message) goes back to \(queue)")
            self.clock.plan(.dispatch(queue), after: self.drawLatency())
        case .effect(let handling): self.takeEffect(handling)
        case .answer(let handling): self.learn(handling)
        case .settle(let handling): self.settle(handling)
        case .lateEffect(let effect): self.takeLateEffect(effect)
        case .podStage(let pod): self.advance(pod)
        case .podIsGone(let pod):
            self.note("pod \(pod) is gone")
            self.cluster.remove(pod)
        case .interference(let build):
            self.note("somebody deletes the pods of build \(build)")
            self.deletePods(of: build)
        case .stopIsPublished(let build):
            self.put(SimulatedBroker.Message(build: build, command: .stop, round: 0), in: .builds)
        case .workerStarts(let worker): self.start(worker)
        case .probe(let service, let worker): self.probe(service, from: worker)
        case .keptTimer(let timer): self.fire(timer)
        }
    }

    private func advance(_ pod: Int) {
        let state = self.cluster.pods[pod]
        guard state.isKept else { return }
        let stages = self.schedule.builds[state.build].fate.stages
        let stage = stages[state.reached].stage
        self.note("pod \(pod) of build \(state.build): \(stage)")
        self.cluster.advance(pod, to: stage)
        if stage.hasBegun { self.api.begin(state.build) }
        if stage == .succeeded { self.end(state.build, as: self.random.chance(percent: 10) ? .unstable : .succeeded) }
        if state.reached + 1 < stages.count {
            self.clock.plan(.podStage(pod: pod), after: stages[state.reached + 1].after)
        }
    }

    /// Mostly short, sometimes long enough for much else.
    func drawLatency() -> Int { self.random.chance(percent: 5) ? self.random.below(3_000) : self.random.between(1, 8) }

    func breaks(_ promise: Violation.Promise, _ detail: @autoclosure () -> String) {
        guard self.violation == nil else { return }
        self.violation = Violation(seed: self.schedule.seed, promise: promise, detail: detail(), time: self.clock.now)
        self.note("BROKEN: \(promise.rawValue)")
    }

    func note(_ line: @autoclosure () -> String) {
        if self.isTracing { self.trace.append("\(self.clock.now) ms: \(line().replacing("BuildWorker.", with: ""))") }
    }
}
