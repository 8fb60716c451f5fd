/// Whom a worker speaks to.
enum SimulatedService {
    case broker, cluster, buildAPI, disk
}
