@testable import BuildWorker
@testable import Workflow

/// What requests do to the build API.
extension Simulation {
    /// The API fails for this build alone, for ever.
    private func isBroken(_ build: Int) -> Bool { self.schedule.builds[build].isBrokenInAPI }

    func ask(_ question: BuildQuestion, of build: Int, _ handling: inout Handling) -> BuildState {
        guard self.fault(on: .buildAPI, &handling) == nil else { return .unavailable("502") }
        guard !self.isBroken(build) else {
            handling.callsToAPIThatFailed += 1
            return .unavailable("500")
        }
        let state = self.api.ask(question, of: build)
        if case .refused = state { self.api.noteRefusedFailure(of: build) }
        return state
    }

    func tell(_ build: Int, _ handling: inout Handling) -> NoteOutcome {
        guard self.fault(on: .buildAPI, &handling) == nil else { return .lost("502") }
        guard !self.isBroken(build) else {
            handling.callsToAPIThatFailed += 1
            return .lost("500")
        }
        return self.api.tell(build)
    }

    func reportFailure(_ build: Int, _ handling: inout Handling) -> ReportOutcome {
        switch self.fault(on: .buildAPI, &handling) {
        case nil where self.isBroken(build): handling.callsToAPIThatFailed += 1
        case nil: return self.takeFailure(of: build)
        case .unheard, .outage: break
        case .answerLost: _ = self.takeFailure(of: build)
        case .late: self.clock.plan(.lateEffect(.failure(build: build)), after: self.drawLateness())
        }
        return .notTaken("502")
    }

    func takeFailure(of build: Int) -> ReportOutcome {
        guard !self.isBroken(build) else { return .notTaken("500") }
        let answer = self.api.answer(toFailureOf: build)
        switch answer {
        case .taken: self.end(build, as: .failed)
        case .refused: self.api.noteRefusedFailure(of: build)
        case .ended, .notTaken: break
        }
        return answer
    }

    /// Whoever ends a build, the controller tells the workers to stop it.
    func end(_ build: Int, as status: SimulatedBuildAPI.Status) {
        guard self.api.end(build, as: status, at: self.clock.now) else { return }
        self.note("build \(build) has ended: \(status)")
        self.clock.plan(.stopIsPublished(build: build), after: self.drawLatency())
    }
}
