import BuildWorker

/// What requests do to the build API.
extension Simulation {
    func askForBuild(_ build: Int, _ handling: inout Handling) -> BuildState {
        self.fault(on: .buildAPI, &handling) == nil ? self.api.ask(build) : .unavailable(detail: "502")
    }

    func reportFailure(_ build: Int, _ handling: inout Handling) -> ReportOutcome {
        switch self.fault(on: .buildAPI, &handling) {
        case nil: return self.api.report(build)
        case .unheard, .outage: break
        case .answerLost: _ = self.api.report(build)
        case .late: self.clock.plan(.lateEffect(.failure(build: build)), after: self.drawLateness())
        }
        return .notTaken
    }
}
