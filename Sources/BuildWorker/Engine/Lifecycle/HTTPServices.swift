internal import Clients
internal import Logging
internal import RabbitMQ

/// The HTTP clients on one shared engine: Kubernetes and the build API.
struct HTTPServices: Sendable {
    let engine = HTTPEngine()
    private(set) var clusters: BuildClusters
    private(set) var buildAPI: BuildAPIClient
    let transports: [HTTPTransport]

    init(_ configuration: WorkerConfiguration, _ meters: Metrics, _ logger: Logger) {
        let rabbitmq = configuration.rabbitmq
        // One request per delivery that may be in flight.
        let concurrency = min(max(6, rabbitmq.prefetchCount * 2), 64)
        let engine = self.engine
        var transports: [HTTPTransport] = []
        func transport(_ options: HTTPOptions) -> HTTPTransport {
            var options = options
            options.concurrency = concurrency
            options.limits.bodiesBytes = 2 * options.limits.bodyBytes
            let service = options.name
            let transport = HTTPTransport(options, engine: engine) { method, result, took, measurements in
                meters.record(.requestDuration, service, method, result.codeForMetrics, took: took)
                if let connect = measurements?.connect { meters.record(.httpConnect, service, took: connect) }
                if let handshake = measurements?.handshake { meters.record(.httpHandshake, service, took: handshake) }
            }
            transports.append(transport)
            return transport
        }
        func problem(_ file: String) -> @Sendable (String) -> Void {
            {
                logger.error(
                    "a file for TLS cannot be used; what was read before stays in use",
                    metadata: ["setting": .string(file), "error": .string($0)])
            }
        }
        self.clusters = BuildClusters(configuration.executor) { plugin, options in
            transport(HTTPOptions(Outages.Dependency(plugin).rawValue, options, onProblem: problem("the API server's")))
        }
        let ecosystem = configuration.ecosystem
        var options = HTTPOptions(name: Outages.Dependency.buildAPI.rawValue)
        options.authorities = ecosystem.caFile.map {
            PEMFile($0, .certificates, onProblem: problem("ECOSYSTEM_CA_FILE"))
        }
        options.proxy = ecosystem.proxy
        options.refusesLinkLocal = true
        // Publishers can name the server, so responses are bounded: parsed JSON takes thirty times its size.
        options.limits.bodyBytes = 4 << 20
        self.buildAPI = BuildAPIClient(
            transport: transport(options), deadline: configuration.executor.kubernetes.requestTimeout,
            hosts: APIHosts(own: ecosystem.api, admitted: ecosystem.apiHosts),
            failingHosts: FailingHosts(prefetch: rabbitmq.prefetchCount))
        self.transports = transports
        for transport in transports {
            let trusted: Logger.Metadata = [
                "service": .string(transport.name),
                "caFile": .string(transport.authoritiesPath ?? "the system's CA certificates"),
            ]
            logger.info("certificates of a service are checked, where it speaks TLS", metadata: trusted)
        }
    }
    /// Adds the layer that observes requests for builds.
    func observed(by watch: RequestWatch) -> HTTPServices {
        var services = self
        services.clusters = self.clusters.observed { watch.observer(of: Outages.Dependency($0)) }
        services.buildAPI.observer = watch.observer(of: .buildAPI)
        return services
    }
}
