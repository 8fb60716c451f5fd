@testable import BuildWorker
@testable import Workflow

/// What requests do to the cluster.
extension Simulation {
    func createPod(_ build: Int, _ handling: inout Handling) -> CreationOutcome {
        let fault = self.fault(on: .cluster, &handling)
        switch fault {
        case nil:
            if case .invalid = self.schedule.builds[build].fate { return .rejected("422") }
            if self.makePod(build, handling.podName, for: handling) { return self.created(build, handling) }
            return self.mutation == .conflictIsAFault ? .refused("409") : .alreadyExists
        case .unheard, .outage: break
        case .answerLost: handling.madeUnknowingly = self.makePod(build, handling.podName, for: handling)
        case .late:
            self.clock.plan(.lateEffect(.creation(build: build, name: handling.podName)), after: self.drawLateness())
        }
        return .refused("503")
    }

    /// The answer shows the pod as it is at that moment; half of the builds are asked for a look of its own, as by a worker with a delay.
    private func created(_ build: Int, _ handling: Handling) -> CreationOutcome {
        let seen = self.cluster.look(at: build, name: handling.podName)
        guard build.isMultiple(of: 2), case .pending = seen else { return .created() }
        return .created(seen: seen)
    }

    /// - Parameter handling: `nil`: it came late.
    /// - Returns: whether there is a new pod.
    func makePod(_ build: Int, _ name: Int, for handling: Handling?) -> Bool {
        if case .invalid = self.schedule.builds[build].fate { return false }
        guard let pod = self.cluster.create(build: build, name: name, at: self.clock.now) else { return false }
        self.note("pod \(pod) is made for build \(build)")
        self.checkNewPod(pod, of: build, by: handling)
        // Made for a worker that gave up or was killed, when nobody is left who will see it.
        if handling?.isLost ?? true, !self.willBeTidied(build) { self.excused[build] = true }
        if let first = self.schedule.builds[build].fate.stages.first {
            self.clock.plan(.podStage(pod: pod), after: first.after)
        }
        return true
    }

    /// Some message of the build is still to be handled, or its handling has not deleted the build's pods yet.
    func willBeTidied(_ build: Int) -> Bool {
        for number in 0..<self.broker.messages.count
        where self.broker.messages[number].build == build && self.broker.messages[number].command != .stop {
            switch self.broker.messages[number].place {
            case .gone: continue
            case .queue: return true
            case .unacked:
                // The last to have taken it is the one that holds it.
                guard let holder = self.handlings.last(where: { $0.message == number }) else { return true }
                if holder.settlement == nil, holder.learned != [.deletion(.done)] { return true }
            }
        }
        return false
    }

    func observe(_ handling: inout Handling, _ look: (SimulatedCluster, Int) -> PodObservation) -> PodObservation {
        handling.lastLookFailed = self.fault(on: .cluster, &handling) != nil
        guard !handling.lastLookFailed else { return .unknown("503") }
        let observation = look(self.cluster, handling.podName)
        switch observation {
        // Not for ever, or not for the build's sake: worth another attempt.
        case .terminating, .notOwned: handling.faults += 1
        case .notFound: if handling.facts.creation == .alreadyExists { handling.faults += 1 }
        case .pending, .running, .succeeded, .broken, .unknown: break
        }
        return observation
    }

    func deletePods(_ build: Int, _ handling: inout Handling) -> Outcome {
        switch self.fault(on: .cluster, &handling) {
        case nil:
            self.deletePods(of: build)
            return .done
        case .unheard, .outage: break
        case .answerLost: self.deletePods(of: build)
        case .late: self.clock.plan(.lateEffect(.deletion(build: build)), after: self.drawLateness())
        }
        return .failed("503")
    }

    func deletePods(of build: Int) {
        for pod in self.cluster.delete(build) {
            self.clock.plan(.podIsGone(pod: pod), after: self.random.below(30_000))
        }
    }
}
