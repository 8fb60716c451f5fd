internal import Clients
internal import Support
internal import Workflow

/// Whether event loops tick and each step keeps its deadline. Outages and resource alarms do not count.
struct Liveness: Sendable {
    struct Loop: Sendable {
        let name: String
        let age: @Sendable () -> Duration
    }

    let loops: [Loop]
    let inFlight: InFlight
    /// Publishing is blocked, so a wait for a confirm may be long.
    let isPublishingHeldUp: @Sendable () -> Bool
    /// When publishing became possible; the deadline of a confirm starts no earlier.
    let canPublishSince: @Sendable () -> ContinuousClock.Instant?
    let clock: any MonotonicClock
    /// Two heartbeats, but at least the time that connecting may take.
    let loopDeadline: Duration
    let stepDeadline: Duration

    /// Longer than all requests of a step with their retries.
    static func stepDeadline(_ executor: ExecutorOptions) -> Duration {
        let requests = ExecutorOptions.Plugin.allCases.map { plugin in
            let options = executor.options(of: plugin)
            return (options.requestTimeout + options.requestRetryDelay) * options.requestMaxAttempts
                + options.podStatusQueryDelay
        }
        return max(.seconds(300), (requests.max() ?? .zero) * 2)
    }

    /// Empty if alive.
    var problems: [String] { self.problems(withBuilds: true) }

    /// - Parameter withBuilds: names the build of each stalled step.
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
