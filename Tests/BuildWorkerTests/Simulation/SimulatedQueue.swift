/// The queues of the topology. The first two are consumed.
enum SimulatedQueue: Int {
    case builds, retry, wait, retryWait, initTimers, parked
}
