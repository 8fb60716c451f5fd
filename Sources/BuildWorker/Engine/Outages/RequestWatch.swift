internal import Clients
internal import Logging
internal import Workflow

/// The build a request is made for. Requests without one are the worker's own and do not count as builds' failures.
struct RequestScope: Sendable {
    @TaskLocal static var current: RequestScope?

    /// Evaluated only after a failed request.
    let build: @Sendable () -> BuildID?
    let logger: Logger
}

/// Observes every request made for a build; updates health, the service's circuit breaker and the log.
struct RequestWatch: Sendable {
    let health: Health
    let outages: Outages

    func observer(of service: Outages.Dependency) -> RequestObserver {
        RequestObserver { access, error, probe in
            guard let scope = RequestScope.current else { return }
            guard let error else {
                self.health.fault(of: service, access, nil)
                return self.outages.succeeded(service, access)
            }
            if error.isMisconfiguration {
                self.health.fault(of: service, access, error.description)
                // A request that was not sent was not rejected.
                let words =
                    error.status == nil
                    ? "this worker cannot ask the cluster: check its address and token"
                    : "Kubernetes API rejected the worker's credentials (check token, RBAC and namespace)"
                scope.logger.error(
                    "\(words)",
                    metadata: .of(
                        .clusterFault, ["service": .string(service.rawValue), "error": .string(error.description)]))
            } else {
                if error.status != nil { self.health.fault(of: service, access, nil) }
                scope.logger.debug(
                    "request failed",
                    metadata: ["service": .string(service.rawValue), "error": .string(error.description)])
            }
            guard error.isPotentialOutage, let build = scope.build() else {
                return self.outages.answered(service, access)
            }
            await self.outages.judge(service, access, of: build, Outages.Failure(error)) {
                await probe().map { Outages.Failure($0) }
            }
        }
    }
}
