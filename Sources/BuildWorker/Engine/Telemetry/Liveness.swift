internal import Clients
internal import Support
internal import Workflow

/// Whether the worker makes progress: its threads turn and no step of a delivery takes longer than it ever should. What others
/// keep it from (an outage, a broker's alarm) is no lack of life.
struct Liveness: Sendable {
    /// A thread that serves a connection.
    struct Loop: Sendable {
        let name: String
        /// Since it last looked what there is to do.
        let age: @Sendable () -> Duration
    }

    let loops: [Loop]
    let inFlight: InFlight
    /// Messages cannot be published now: whoever waits for a confirm waits rightly.
    let isPublishingHeldUp: @Sendable () -> Bool
    /// Since when they can; whoever waits for a confirm has that long.
    let canPublishSince: @Sendable () -> ContinuousClock.Instant?
    let clock: any MonotonicClock
    /// Of a loop. Two heartbeats, but not less than connecting may take.
    let loopDeadline: Duration
    /// Of one step of a delivery.
    let stepDeadline: Duration

    /// Longer than all requests of a step and their retries may take.
    static func stepDeadline(_ executor: ExecutorOptions) -> Duration {
        let requests = ExecutorOptions.Plugin.allCases.map { plugin in
            let options = executor.options(of: plugin)
            return (options.requestTimeout + options.requestRetryDelay) * options.requestMaxAttempts
                + options.podStatusQueryDelay
        }
        return max(.seconds(300), (requests.max() ?? .zero) * 2)
    }

    /// Empty while it lives.
    var problems: [String] { self.problems(withBuilds: true) }

    /// - Parameter withBuilds: whether it is said whose step takes too long.
    func problems(withBuilds: Bool) -> [String] {
        let now = self.clock.now
        let stuckLoops = self.loops.compactMap { loop -> String? in
            let age = loop.age()
            return age > self.loopDeadline
                ? "the \(loop.name) connection's event loop stalled for \(age.formatted)" : nil
        }
        let isHeldUp = self.isPublishingHeldUp()
        let canPublishSince = self.canPublishSince()
        let stuckSteps = self.inFlight.all.compactMap { entry -> String? in
            guard let step = entry.step, !(isHeldUp && step.waitsForConfirm), step != .clearCache else { return nil }
            let since = step.waitsForConfirm ? max(entry.since, canPublishSince ?? entry.since) : entry.since
            guard now - since > self.stepDeadline else { return nil }
            return
                "\(withBuilds ? "\(entry.context.job)" : "a delivery"): \(step.words) has taken \((now - since).formatted)"
        }
        return stuckLoops + stuckSteps
    }
}

extension Action {
    fileprivate var waitsForConfirm: Bool {
        switch self {
        case .armTimer, .requestVerification, .park, .postpone: true
        case .ask, .createPod, .getPod, .searchPods, .deletePods, .keepTimer, .notifyBuild, .reportFailure, .clearCache:
            false
        }
    }
}
