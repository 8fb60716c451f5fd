internal import Synchronization

/// The deliveries that were taken and are not settled: since when, and what is being done for each.
final class InFlight: Sendable {
    struct Entry: Sendable {
        let context: DeliveryContext
        var step: Action?
        /// When the step began, or the wait for its turn.
        var since: ContinuousClock.Instant
    }

    private let clock: any MonotonicClock
    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    init(clock: any MonotonicClock) { self.clock = clock }

    func observe(_ moment: DeliveryMoment, _ context: DeliveryContext) {
        let identity = ObjectIdentifier(context)
        let now = self.clock.now
        self.entries.withLock { entries in
            switch moment {
            case .arrived: entries[identity] = Entry(context: context, step: nil, since: now)
            case .began: entries[identity]?.since = now
            case .acts(let action):
                entries[identity]?.step = action
                entries[identity]?.since = now
            case .learned: break
            case .settled, .handedBack, .takenBack: entries[identity] = nil
            }
        }
    }

    /// The oldest first.
    var all: [Entry] { self.entries.withLock { Array($0.values) }.sorted { $0.context.arrival < $1.context.arrival } }

    /// By job type; every type has a number.
    var counts: [String: Int] {
        var counts = ["start": 0, "stop": 0, "verify": 0, "clear": 0, "unread": 0]
        for entry in self.entries.withLock({ Array($0.values) }) { counts[entry.context.jobType, default: 0] += 1 }
        return counts
    }
}

extension Action {
    var step: HandlingStep {
        switch self {
        case .ask(.isWaiting): .askWhetherItWaits
        case .ask(.hasEnded): .askForBuild
        case .createPod: .createPod
        case .lookAtPod: .lookAtPod
        case .searchPods: .searchPods
        case .deletePods: .deletePods
        case .armTimer(_, nil): .armTimer
        case .armTimer: .armTimerAndTell
        case .keepTimer: .keepTimer
        case .requestVerification: .requestVerification
        case .tellBuild: .tellBuild
        case .reportFailure: .reportFailure
        case .clearCache: .clearCache
        case .park: .park
        case .postpone: .postpone
        case .settle: .settle
        }
    }

    /// What people are told is being done.
    var words: String { self.step.rawValue }
}
