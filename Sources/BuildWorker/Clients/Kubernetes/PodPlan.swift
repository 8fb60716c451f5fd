internal import Support
internal import Workflow

/// All decisions that the pod's manifest depends on.
package struct PodPlan: Sendable {
    let options: KubernetesOptions
    let ecosystem: EcosystemOptions
    let buildID: BuildID
    let pipelineID: String
    /// The build container's name.
    let name: String
    let image: String
    let token: Secret
    /// The name of the pod, and of the Secret with its token.
    let podName: String
    var usesSecret: Bool { self.options.buildToken == .secret }
    let labels: PodLabels
    let resources: PodResources
    /// `nil`: no Docker sidecar.
    let docker: PodResources?
    /// `nil`: no BuildKit sidecar.
    let buildkit: PodResources?
    /// `nil`: the cache is not on the node's disk, or the build has none there.
    let cache: CacheDirectories?
    let timeoutMinutes: Double
    let gracePeriodSeconds: Double
    let volumes: [PodVolume]

    init(build: BuildConfig, options: KubernetesOptions, ecosystem: EcosystemOptions) throws(PodManifestError) {
        guard let image = build.container else { throw .missingField("container") }
        guard let token = build.token else { throw .missingField("token") }
        let annotations = try BuildAnnotations(build.annotations)
        (self.options, self.ecosystem) = (options, ecosystem)
        (self.buildID, self.image, self.token) = (build.buildID, image, token)
        self.pipelineID = build.pipelineID ?? ""
        self.name = PodName.container(of: build.buildID, prefix: options.prefix)
        self.podName = PodName.of(build.buildID, prefix: options.prefix)
        self.resources = PodResources(cpu: annotations.cpu, ram: annotations.ram, options)
        self.labels = PodLabels(build: build, annotations: annotations, resources: self.resources, options: options)
        // Both the operator and the build must enable it.
        func sidecar(_ wanted: BuildAnnotations.Sidecar?, _ isAllowed: Bool) -> PodResources? {
            isAllowed ? wanted.map { PodResources(cpu: $0.cpu, ram: $0.ram, options) } : nil
        }
        self.docker = sidecar(annotations.docker, options.dockerFeatureEnabled)
        self.buildkit = sidecar(annotations.buildkit, options.rootlessBuildkitFeatureEnabled)
        self.cache = try CacheDirectories(build: build, prefix: options.prefix, cache: ecosystem.cache)
        (self.timeoutMinutes, self.gracePeriodSeconds) = (
            options.timeoutMinutes(annotations), options.gracePeriodSeconds(annotations)
        )
        self.volumes =
            Self.ownVolumes(
                build: build.buildID, launchVersion: options.launchVersion, docker: self.docker != nil,
                buildkit: self.buildkit != nil,
                cache: self.cache) + Self.volumes(ofOperators: options)
    }

    var spec: JSONValue {
        var spec: JSONValue = [:]
        if !self.options.runtimeClass.isEmpty { spec["runtimeClassName"] = .string(self.options.runtimeClass) }
        spec["serviceAccountName"] = .string(self.options.serviceAccount)
        spec["automountServiceAccountToken"] = .bool(self.options.automountServiceAccountToken)
        spec["terminationGracePeriodSeconds"] = .number(self.gracePeriodSeconds.plainText)
        spec["restartPolicy"] = "Never"
        spec["dnsPolicy"] = .string(self.options.dnsPolicy)
        if !self.options.imagePullSecretName.isEmpty {
            spec["imagePullSecrets"] = [["name": .string(self.options.imagePullSecretName)]]
        }
        spec["containers"] = .array(
            [self.buildContainer, self.dockerContainer, self.buildkitContainer].compactMap { $0 })
        spec["initContainers"] = [self.launcherContainer]
        spec["volumes"] = .array(self.volumes.map(\.document))
        spec["tolerations"] = Self.tolerations(self.options.nodeSelectors)
        spec["affinity"] = Self.nodeAffinity(self.options.nodeSelectors, self.options).map { ["nodeAffinity": $0] }
        return spec
    }

    // MARK: Nodes

    typealias Selectors = [(name: String, value: String)]

    /// Selected nodes usually have a taint with the same key, so each selector is tolerated, too.
    static func tolerations(_ selectors: Selectors) -> JSONValue? {
        guard !selectors.isEmpty else { return Optional.none }
        return .array(
            selectors.map {
                ["key": .string($0.name), "value": .string($0.value), "effect": "NoSchedule", "operator": "Equal"]
            })
    }

    /// The affinity for required node selectors and the options' preferred ones, if any.
    static func nodeAffinity(_ required: Selectors, _ options: KubernetesOptions) -> JSONValue? {
        func term(_ selectors: Selectors) -> JSONValue {
            let expressions = selectors.map {
                ["key": .string($0.name), "operator": "In", "values": [.string($0.value)]] as JSONValue
            }
            return ["matchExpressions": .array(expressions)]
        }
        var affinity: JSONValue = [:]
        if !required.isEmpty {
            affinity["requiredDuringSchedulingIgnoredDuringExecution"] = ["nodeSelectorTerms": [term(required)]]
        }
        if !options.preferredNodeSelectors.isEmpty {
            let preference = term(options.preferredNodeSelectors)
            affinity["preferredDuringSchedulingIgnoredDuringExecution"] = [["weight": 100, "preference": preference]]
        }
        return affinity == [:] ? .none : affinity
    }
}
