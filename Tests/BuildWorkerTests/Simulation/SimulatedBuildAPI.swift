import BuildWorker

/// What the controller knows of each build. Knows no faults: those happen on the way.
struct SimulatedBuildAPI {
    enum Status { case active, succeeded, failed, aborted }

    private(set) var statuses: [Status]
    /// Builds whose token the API refuses: it neither tells nor takes anything of them.
    private let refuses: [Bool]
    /// Builds whose FAILURE was refused for good: nobody can be told.
    private(set) var refusedFailure: [Bool]

    init(builds: [Schedule.Build]) {
        self.statuses = builds.map { _ in .active }
        self.refuses = builds.map(\.isUnknownToAPI)
        self.refusedFailure = builds.map { _ in false }
    }

    func hasEnded(_ build: Int) -> Bool {
        switch self.statuses[build] {
        case .active: false
        case .succeeded, .failed, .aborted: true
        }
    }

    func ask(_ build: Int) -> BuildState {
        if self.refuses[build] { return .unknown }
        return switch self.statuses[build] {
        case .active: .active
        case .aborted: .aborted
        case .succeeded, .failed: .finished
        }
    }

    func tell(_ build: Int) -> NoteOutcome { self.refuses[build] || self.hasEnded(build) ? .refused : .taken }

    /// An end is final.
    mutating func end(_ build: Int, as status: Status) { if !self.hasEnded(build) { self.statuses[build] = status } }

    mutating func report(_ build: Int) -> ReportOutcome {
        guard !self.refuses[build], !self.hasEnded(build) else {
            self.refusedFailure[build] = true
            return .refused
        }
        self.statuses[build] = .failed
        return .taken
    }
}
