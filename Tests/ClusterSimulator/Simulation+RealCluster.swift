import NIOCore
import NIOHTTP1

/// The way of a request on the Kubernetes port when a real API server is behind it.
extension Simulation {
    /// A rule that strikes before the effect keeps the request from the API server.
    func pass(_ request: Request, to cluster: RealCluster, from connection: Connection) -> (Outcome, delay: TimeAmount)
    {
        let api = KubernetesAPI(store: pods, secrets: secrets, namespace: nil, token: nil)
        let call = api.call(for: request)
        let build = api.build(of: call)
        counters.requests += 1
        let rule = faults.match(listener: .kubernetes, method: request.method.rawValue, uri: request.uri, build: build)
        let delay = rule?.delay(latency) ?? latency
        let deferred = DeferredOutcome()
        func finish(_ performance: Performance) {
            record(performance, request, on: .kubernetes, from: connection, build: build, pod: call.pod, delay: delay)
            deferred.resolve(performance.outcome)
        }
        if let rule, rule.strikesBefore {
            finish(rule.apply { preconditionFailure("rule \(rule.id) lets the request take effect") })
        } else {
            cluster.perform(call, of: request, by: api) { performance in
                finish(rule?.apply { performance } ?? performance)
            }
        }
        return (.deferred(deferred), delay)
    }
}
