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
    var inFlight = [0, 0]
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
