@testable import BuildWorker
@testable import Workflow

/// Judges whether a build is failed for a cause that is true.
extension Simulation {
    /// A build is about to be failed.
    func judge(_ cause: FailureCause, _ handling: Handling) {
        guard let build = handling.build else {
            return self.breaks(.failureHasACause, "message \(handling.message) is no build's")
        }
        let fate = self.schedule.builds[build].fate
        let isTrue: Bool
        switch cause {
        case .podRejected: if case .invalid = fate { isTrue = true } else { isTrue = false }
        case .pod(let failure): isTrue = self.isTrue(failure, fate)
        case .neverBegan: isTrue = self.hasWaitedToTheEnd(build)
        case .poison: isTrue = handling.facts.parking == .confirmed || !self.schedule.hasParkedQueue
        case .podGone: isTrue = self.cluster.deleted[build] && !self.couldSeePod(of: build, handling)
        case .retriesExhausted:
            // Each rejection had its fault, or `judge(_:_:)` would have said so.
            let rejections = self.broker.messages[handling.message].attempts(in: handling.queue)
            isTrue =
                rejections >= self.limit && (handling.faults > 0 || rejections > self.limit)
                && !self.couldSeePod(of: build, handling)
        }
        // Between the question and the report it may end by itself.
        if self.api.hasEndedWell(build), let end = self.api.endedAt[build], end < handling.begunAt {
            self.breaks(.failureHasACause, "build \(build) (\(fate)) had ended well, and is failed: \(cause)")
        }
        if !isTrue { self.breaks(.failureHasACause, "build \(build) (\(fate)) is failed: \(cause)") }
    }

    private func isTrue(_ failure: PodFailure, _ fate: PodFate) -> Bool {
        switch fate {
        // It heals before its time is over.
        case .imagePause: failure.outlook == .unclear
        case .begins: false
        case .imageError, .containerError, .fails, .evicted, .never, .invalid, .nameTaken: true
        }
    }

    /// A pod that is well was there all the time, and nothing kept the worker from seeing it.
    private func couldSeePod(of build: Int, _ handling: Handling) -> Bool {
        guard !handling.lastLookFailed else { return false }
        return self.cluster.keepsPod(of: build) { pod in
            guard pod.createdAt < handling.begunAt || handling.madeUnknowingly else { return false }
            switch pod.stage {
            case .unscheduled, .scheduled, .running, .succeeded: return true
            case .failed, .imageError, .imagePause, .imageBackOff, .containerError: return false
            }
        }
    }

    /// All init timers had their time since the build's first pod was made.
    private func hasWaitedToTheEnd(_ build: Int) -> Bool {
        for pod in self.cluster.pods where pod.build == build {
            return self.clock.now - pod.createdAt >= self.schedule.rules.verifyLimit * Schedule.initMilliseconds
        }
        return false
    }
}
