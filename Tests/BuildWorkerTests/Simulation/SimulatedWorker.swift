import BuildWorker

/// What one worker process has in memory. A crash forgets all of it.
struct SimulatedWorker {
    var isUp = true
    /// Services that it knows to be away for everybody: meanwhile it takes no more deliveries.
    var away: [SimulatedService] = []
    /// Takes no more deliveries, finishes what it has, and starts again.
    var isDraining = false
    /// Counts its consuming connections. A tag means nothing on another one.
    var connection = 0
    /// Unsettled messages by delivery tag; -1 is settled.
    var unacked: [Int] = []
    /// Unsettled deliveries of the build queue and of the retry queue.
    var inHand = [0, 0]
    /// Handlings by build, in order of arrival: the first has its turn.
    var turns: [[Int]]
    /// Builds it was told to stop.
    var stopped: [Bool]
    /// Handlings whose settlements have not left.
    var handled = 0

    var takesDeliveries: Bool { self.isUp && !self.isDraining && self.away.isEmpty }

    init(builds: Int) {
        self.turns = Array(repeating: [], count: builds)
        self.stopped = Array(repeating: false, count: builds)
    }
}

/// One delivery in a worker's hands, and the evidence that its promises are judged by.
struct Handling {
    let worker: Int
    /// Of the worker, when it was delivered.
    let connection: Int
    let tag: Int
    let message: Int
    let queue: SimulatedQueue
    let build: Int?
    let command: BuildCommand
    var facts = Facts()
    /// What is being done.
    var action: Action?
    /// What the action taught; the worker does not know yet.
    var fact: Fact?
    /// The worker that had it was killed.
    var isLost = false
    /// What it was ended with; the broker may not know yet.
    var settlement: Settlement?
    /// The pod name it uses; 0 is the right one.
    var podName = 0

    // Evidence.

    /// When it began, in milliseconds.
    var begunAt = 0
    /// The build API knew that the build had ended when it began.
    var beganEnded = false
    /// Faults that hit its requests, and states of the cluster that are no fault of the build.
    var faults = 0
    /// The service that was away for everybody when the last request reached it.
    var foundAway: SimulatedService?
    var lastLookFailed = false
    var callsToAPIThatFailed = 0
}

/// An init timer that a worker keeps itself, written down on its disk.
struct KeptTimer {
    let worker: Int
    let build: Int
    let round: Int
    /// It was handed over, or forgotten.
    var isOver = false
}
