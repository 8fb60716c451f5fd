@testable import BuildWorker
@testable import Workflow

/// Who kills workers, and what they have to do meanwhile: a function of its seed.
struct CrashSchedule {
    /// A message that has a worker do certain steps.
    enum Kind: CaseIterable {
        case start, startOfStarted, startOfBrokenPod, startOfInvalidPod, startWithoutTimerQueue, verifyRunning,
            verifyFailed, verifyOfUntold, stop, clear, unreadable
    }

    struct Message {
        let number: Int
        let kind: Kind
        var body: [UInt8] {
            let build =
                #""buildConfig":{"buildId":\#(self.number + 1),"container":"alpine","apiUri":"http://api","token":"t"}"#
            let text =
                switch self.kind {
                case .start, .startOfStarted, .startOfBrokenPod, .startOfInvalidPod, .startWithoutTimerQueue:
                    #"{"job":"start",\#(build)}"#
                case .verifyRunning, .verifyFailed, .verifyOfUntold: #"{"job":"verify",\#(build)}"#
                case .stop: #"{"job":"stop",\#(build)}"#
                case .clear:
                    #"{"job":"clear","cacheConfig":{"resource":"caches","action":"delete","scope":"pipelines","prefix":"","pipelineId":\#(self.number + 1),"id":\#(self.number + 1)}}"#
                case .unreadable: "not a message \(self.number)"
                }
            return Array(text.utf8)
        }
    }

    /// Kills every worker that begins its step, from one crash on and for so many.
    struct Peer {
        let step: HandlingStep
        let crashes: Range<Int>
    }

    let seed: Int
    private(set) var messages: [Message] = []
    /// Published one by one, each after one more crash.
    private(set) var later: [Message] = []
    let prefetch: Int
    let peer: Peer?
    /// The message that kills, and at which step.
    let poison: (number: Int, step: HandlingStep)?

    /// Steps that a message of this kind takes at its first delivery.
    static func steps(_ kind: Kind) -> [HandlingStep] {
        switch kind {
        case .start: [.createPod, .armTimerAndNotify, .settle]
        // Another worker made its pod.
        case .startOfStarted: [.askWhetherItWaits, .getPod, .armTimerAndNotify, .settle]
        case .startOfBrokenPod: [.createPod, .requestVerification, .settle]
        case .startOfInvalidPod: [.createPod, .askWhetherItWaits, .reportFailure, .settle]
        case .startWithoutTimerQueue: [.createPod, .armTimerAndNotify, .keepTimer, .settle]
        case .verifyRunning: [.getPod, .notifyBuild, .settle]
        case .verifyFailed: [.getPod, .fetchBuildStatus, .reportFailure, .settle]
        case .verifyOfUntold: [.getPod, .fetchBuildStatus, .reportFailure, .postpone, .settle]
        case .stop: [.deletePods, .settle]
        case .clear: [.clearCache, .settle]
        case .unreadable: [.park, .settle]
        }
    }

    static let askingSteps = HandlingStep.allCases.filter { step in
        Kind.allCases.contains { CrashSchedule.steps($0).contains(step) }
    }

    /// - Parameters:
    ///   - peerStep: a peer kills whoever does this, and heals after a while.
    ///   - poisonStep: a message kills at this step, or while it is read.
    init(seed: Int, peerStep: HandlingStep? = nil, poisonStep: HandlingStep? = nil) {
        var random = SeededGenerator(seed: UInt64(seed))
        self.seed = seed
        // Where nobody else comes in, nobody can show that a message alone dies of being put elsewhere.
        self.prefetch = random.between(poisonStep == .postpone ? 2 : 1, 20)
        let asked = peerStep ?? poisonStep
        let fitting = Kind.allCases.filter { kind in asked.map { Self.steps(kind).contains($0) } ?? true }
        for number in 0..<random.between(2, 24) {
            let kinds = random.chance(percent: 60) && !fitting.isEmpty ? fitting : Kind.allCases
            self.messages.append(Message(number: number, kind: kinds[random.below(kinds.count)]))
        }
        if let peerStep {
            let first = random.below(3)
            self.peer = Peer(
                step: peerStep, crashes: first..<first + random.between(1, random.chance(percent: 30) ? 40 : 8))
        } else {
            self.peer = nil
        }
        if let poisonStep {
            let number = random.below(self.messages.count)
            // One that dies between its postponement and its settlement leaves one more of its kind each time.
            let fitting = poisonStep == .settle ? fitting.filter { $0 != .verifyOfUntold } : fitting
            if !fitting.isEmpty {
                self.messages[number] = Message(number: number, kind: fitting[random.below(fitting.count)])
            }
            self.poison = (number, poisonStep)
            // What others survive has to come from somewhere.
            for offset in 0..<12 where !fitting.isEmpty {
                self.later.append(
                    Message(number: self.messages.count + offset, kind: fitting[random.below(fitting.count)]))
            }
        } else {
            self.poison = nil
        }
    }
}
