@testable import BuildWorker
@testable import Workflow

/// What the controller knows of each build, and what it says of it to who shows the token of the build's message: the build itself it shows to
/// nobody. Knows no faults: those happen on the way.
struct SimulatedBuildAPI {
    enum Status: CaseIterable { case queued, running, succeeded, unstable, failed, aborted }

    private(set) var statuses: [Status]
    /// Builds whose token the API refuses: it neither tells nor takes anything of them.
    private let refuses: [Bool]
    /// Builds whose FAILURE was refused for good: nobody can be told.
    private(set) var refusedFailure: [Bool]
    /// When each ended, in milliseconds.
    private(set) var endedAt: [Int?]

    init(builds: [Schedule.Build]) {
        self.statuses = builds.map { _ in .queued }
        self.refuses = builds.map(\.isUnknownToAPI)
        self.refusedFailure = builds.map { _ in false }
        self.endedAt = builds.map { _ in nil }
    }

    func hasEnded(_ build: Int) -> Bool {
        switch self.statuses[build] {
        case .queued, .running: false
        case .succeeded, .unstable, .failed, .aborted: true
        }
    }

    func hasEndedWell(_ build: Int) -> Bool { self.statuses[build] == .succeeded || self.statuses[build] == .unstable }

    /// `POST /token` answers 200 to a build that waits, and one 403 to all others; a PUT of nothing tells which.
    func ask(_ question: BuildQuestion, of build: Int) -> BuildState {
        if self.refuses[build] { return .refused("401") }
        return switch self.statuses[build] {
        case .queued: .waiting
        case .running: question == .isWaiting ? .begun : .running
        case .succeeded, .unstable, .failed, .aborted: question == .isWaiting ? .begun : .ended
        }
    }

    func tell(_ build: Int) -> NoteOutcome {
        self.refuses[build] ? .refused("401") : self.hasEnded(build) ? .ended : .taken
    }

    /// The launcher begins. One that finds its build ended does nothing.
    mutating func begin(_ build: Int) { if self.statuses[build] == .queued { self.statuses[build] = .running } }

    /// An end is final.
    ///
    /// - Returns: whether it ended now: then `stop` is published, whoever ended it.
    mutating func end(_ build: Int, as status: Status, at now: Int) -> Bool {
        guard !self.hasEnded(build) else { return false }
        (self.statuses[build], self.endedAt[build]) = (status, now)
        return true
    }

    /// What a FAILURE is answered.
    func answer(toFailureOf build: Int) -> ReportOutcome {
        self.refuses[build] ? .refused("401") : self.hasEnded(build) ? .ended : .taken
    }

    mutating func noteRefusedFailure(of build: Int) { self.refusedFailure[build] = true }
}
