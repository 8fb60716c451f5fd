/// What the command line says about the simulated world.
struct Settings: Sendable {
    /// The only namespace that exists; nil: every namespace does.
    var namespace: String?
    /// The only bearer token that the Kubernetes API takes; nil: any, or none.
    var token: String?
    /// From the creation of a pod to its scheduling, and from there to its start.
    var startDelayMilliseconds: Int64
    /// By how much each answer of both APIs is held back.
    var latencyMilliseconds: Int64
    var realCluster: RealCluster?

    /// A real API server that is used instead of the simulated one.
    struct RealCluster: Sendable {
        var address: APIServerAddress
        /// Whose owner may read, bind, patch and delete pods in the namespace.
        var token: String
        var namespace: String
    }
}
