internal import Support
package import Workflow

/// The namespaces of all executors that may contain builds' pods, without duplicates, so none is queried twice.
package struct BuildClusters: Sendable {
    /// A namespace of a cluster, accessed with one token, for pods with one prefix.
    package struct Place: Sendable {
        /// The first executor that uses it; the place is named after it.
        package let executor: ExecutorOptions.Plugin
        package let options: KubernetesOptions
        package fileprivate(set) var client: KubernetesClient
        /// Whether an executor here keeps builds' tokens in Secrets.
        package let usesTokenSecrets: Bool

        package var tokenSecrets: TokenSecrets { TokenSecrets(client: self.client, prefix: self.options.prefix) }
        package func podName(_ build: BuildID) -> String { PodName.of(build, prefix: self.options.prefix) }
        package func label(_ build: BuildID) -> String { PodName.label(build, prefix: self.options.prefix) }
        package func selector(_ build: BuildID) -> String { "\(PodName.labelName)=\(self.label(build))" }
    }

    /// Never empty.
    package private(set) var places: [Place]
    private let options: ExecutorOptions

    /// - Parameter transport: called once per API server; executors that connect in the same way share it.
    package init(_ options: ExecutorOptions, transport: (ExecutorOptions.Plugin, KubernetesOptions) -> HTTPTransport) {
        self.options = options
        var places: [Place] = []
        var transports: [[String?]: HTTPTransport] = [:]
        for plugin in ExecutorOptions.Plugin.allCases {
            let own = options.options(of: plugin)
            guard !places.contains(where: { $0.options.isSamePlace(as: own) }) else { continue }
            let usesTokenSecrets = ExecutorOptions.Plugin.allCases.map { options.options(of: $0) }.contains {
                $0.isSamePlace(as: own) && $0.buildToken == .secret
            }
            let way = [own.serverURL, own.caFile, own.clientCertFile, own.clientKeyFile, own.proxy?.exposed]
            let connections = transports[way] ?? transport(plugin, own)
            transports[way] = connections
            places.append(
                Place(
                    executor: plugin, options: own, client: KubernetesClient(options: own, transport: connections),
                    usesTokenSecrets: usesTokenSecrets))
        }
        self.places = places
    }

    /// Adds an observer to the requests of each place.
    package func observed(by observer: (ExecutorOptions.Plugin) -> RequestObserver) -> BuildClusters {
        var clusters = self
        for index in clusters.places.indices {
            clusters.places[index].client.observer = observer(clusters.places[index].executor)
        }
        return clusters
    }

    package func route(_ build: BuildConfig) -> ExecutorRoute { ExecutorRoute(build, self.options) }

    package func primary(of build: BuildConfig) -> (options: KubernetesOptions, place: Place) {
        self.primary(on: self.route(build))
    }

    package func primary(on route: ExecutorRoute) -> (options: KubernetesOptions, place: Place) {
        let own = self.options.options(of: route.executor)
        return (own, self.places.first { $0.options.isSamePlace(as: own) } ?? self.places[0])
    }

    /// Where to look for the build's pod, the most likely place first.
    package func all(from primary: Place) -> [Place] { [primary] + self.fallbacks(for: primary) }

    package func fallbacks(for primary: Place) -> [Place] {
        self.places.count == 1 ? [] : self.places.filter { $0.executor != primary.executor }
    }
}

extension KubernetesOptions {
    /// Whether requests for a build's pods would be identical.
    fileprivate func isSamePlace(as other: KubernetesOptions) -> Bool {
        self.serverURL == other.serverURL && self.jobsNamespace == other.jobsNamespace && self.prefix == other.prefix
            && self.token == other.token
            && self.tokenFile == other.tokenFile && self.clientCertFile == other.clientCertFile
    }
}
