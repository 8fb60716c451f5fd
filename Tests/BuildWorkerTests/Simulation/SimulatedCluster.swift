@testable import BuildWorker
@testable import Workflow

/// The pods of all builds, as an API server keeps them. Knows no faults: those happen on the way.
struct SimulatedCluster {
    struct Pod {
        let build: Int
        /// 0 is the name that is a function of the build.
        let name: Int
        /// When, in milliseconds.
        let createdAt: Int
        var stage = PodStage.unscheduled
        /// How many stages of its fate it has reached.
        var reached = 0
        var isTerminating = false
        var hasBegun = false
        var isGone = false

        /// It is there and nobody has asked to delete it.
        var isKept: Bool { !self.isTerminating && !self.isGone }
    }

    private(set) var pods: [Pod] = []
    /// Builds of which a pod has begun, and of which one was deleted.
    private(set) var begun: [Bool]
    private(set) var deleted: [Bool]
    private let foreign: [Bool]

    init(builds: [Schedule.Build]) {
        self.begun = builds.map { _ in false }
        self.deleted = self.begun
        self.foreign = builds.map { if case .nameTaken = $0.fate { true } else { false } }
    }

    /// - Returns: the new pod, or `nil`: the name is taken.
    mutating func create(build: Int, name: Int, at now: Int) -> Int? {
        guard !self.foreign[build], self.pod(of: build, named: name) == nil else { return nil }
        self.pods.append(Pod(build: build, name: name, createdAt: now))
        return self.pods.count - 1
    }

    private func pod(of build: Int, named name: Int) -> Int? {
        for index in 0..<self.pods.count
        where self.pods[index].build == build && self.pods[index].name == name && !self.pods[index].isGone {
            return index
        }
        return nil
    }

    func look(at build: Int, name: Int) -> PodObservation {
        if self.foreign[build] { return .notOwned }
        return self.pod(of: build, named: name).map { Self.observation(of: self.pods[$0]) } ?? .notFound
    }

    func list(_ build: Int) -> PodObservation {
        var observations: [PodObservation] = []
        for pod in self.pods where pod.build == build && !pod.isGone { observations.append(Self.observation(of: pod)) }
        return PodObservation.combining(observations)
    }

    /// - Returns: the pods that are being deleted from now on.
    mutating func delete(_ build: Int) -> [Int] {
        var terminating: [Int] = []
        for index in 0..<self.pods.count where self.pods[index].build == build && self.pods[index].isKept {
            self.pods[index].isTerminating = true
            self.deleted[build] = true
            terminating.append(index)
        }
        return terminating
    }

    mutating func remove(_ pod: Int) { self.pods[pod].isGone = true }

    mutating func advance(_ pod: Int, to stage: PodStage) {
        self.pods[pod].stage = stage
        self.pods[pod].reached += 1
        guard stage.hasBegun else { return }
        self.begun[self.pods[pod].build] = true
        self.pods[pod].hasBegun = true
    }

    /// A kept pod of this build that fulfils the condition.
    func keepsPod(of build: Int, where isMeant: (Pod) -> Bool) -> Bool {
        for pod in self.pods where pod.build == build && pod.isKept && isMeant(pod) { return true }
        return false
    }

    private static func observation(of pod: Pod) -> PodObservation {
        if pod.isTerminating, pod.stage != .running { return .terminating(detail: "") }
        return switch pod.stage {
        case .unscheduled: .pending(node: nil, waitsFor: "a node")
        case .scheduled: .pending(node: "n1", waitsFor: "its image")
        case .running: .running(node: "n1")
        case .succeeded: .succeeded(node: "n1")
        case .failed: .broken(PodFailure(.ended(phase: "failed"), "", hasBegun: pod.hasBegun))
        case .imageError: .broken(PodFailure(.image, "404"))
        case .imagePause: .broken(PodFailure(.image, "429", outlook: .transient))
        case .imageBackOff: .broken(PodFailure(.image, "back-off", outlook: .unclear))
        case .containerError: .broken(PodFailure(.container, ""))
        }
    }
}
