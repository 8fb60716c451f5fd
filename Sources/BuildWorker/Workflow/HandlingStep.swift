/// What a delivery is doing, recorded for recovery after a crash. The raw value is a description.
///
/// Its letter is stored in files that outlive the process: append new cases at the end.
package enum HandlingStep: String, CaseIterable, Sendable {
    /// Waiting to be processed; not to blame for a crash.
    case waiting = "wait for its turn"
    /// Processed alongside others, any of which may be to blame.
    case amongOthers = "be handled with others"

    // In isolation: nothing else is processed.

    /// Read and planned. No external calls yet, so a crash is caused by the message.
    case reading = "read the message"
    case fetchBuildStatus = "ask for the build"
    case createPod = "create the pod"
    case getPod = "look at the pod"
    case searchPods = "search for pods"
    case deletePods = "delete the pods"
    case armTimer = "hand over the init timer"
    case armTimerAndNotify = "hand over the init timer and tell the build"
    case keepTimer = "keep the init timer"
    case requestVerification = "ask for verification"
    case notifyBuild = "tell the build"
    case reportFailure = "report the failure"
    case clearCache = "clear the cache"
    case park = "park the message"
    case postpone = "postpone"
    case settle = "settle"
    case askWhetherItWaits = "ask whether the build waits"

    package var isAlone: Bool { self != .waiting && self != .amongOthers }

    private static let firstLetter = UInt8(ascii: "a")

    package var letter: UInt8 { Self.firstLetter + UInt8(Self.allCases.firstIndex(of: self) ?? 0) }

    package init?(letter: UInt8) {
        guard let step = Self.allCases.first(where: { $0.letter == letter }) else { return nil }
        self = step
    }
}

extension Action {
    var step: HandlingStep {
        switch self {
        case .ask(.isWaiting): .askWhetherItWaits
        case .ask(.hasEnded): .fetchBuildStatus
        case .createPod: .createPod
        case .getPod: .getPod
        case .searchPods: .searchPods
        case .deletePods: .deletePods
        case .armTimer(_, nil): .armTimer
        case .armTimer: .armTimerAndNotify
        case .keepTimer: .keepTimer
        case .requestVerification: .requestVerification
        case .notifyBuild: .notifyBuild
        case .reportFailure: .reportFailure
        case .clearCache: .clearCache
        case .park: .park
        case .postpone: .postpone
        }
    }

    package var words: String { self.step.rawValue }
}
