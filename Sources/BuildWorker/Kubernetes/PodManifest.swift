/// The pod that runs a build, as it is posted to the API server.
///
/// A function of its three inputs: the same message and options give the same pod, name included. The document holds
/// the build's token, unless that is kept in a ``TokenSecret``; the manifest itself prints as its name only.
public struct PodManifest: Sendable, CustomStringConvertible, CustomReflectable {
    public let name: String
    /// The value of the label `sdbuild`, by which the pod is found again.
    public let label: String
    /// A `v1` `Pod`. May hold the token: post it, never log it.
    public let document: JSONValue

    /// Throws where the build lacks its container or token, where an id would lead out of the cache's directory, and where
    /// an annotation that means a time is no number.
    public init(build: BuildConfig, options: KubernetesOptions, ecosystem: EcosystemOptions) throws(PodManifestError) {
        self.name = PodName.of(build.buildID, prefix: options.prefix)
        self.label = PodName.label(build.buildID, prefix: options.prefix)
        var metadata: JSONValue = ["name": .string(self.name)]
        let spec: JSONValue
        if options.startsVM {
            metadata["labels"] = ["sdbuild": .string(self.label), "app": .string(VMPodPlan.app), "tier": "builds"]
            spec = try VMPodPlan(build: build, options: options, ecosystem: ecosystem).spec
        } else {
            let plan = try PodPlan(build: build, options: options, ecosystem: ecosystem)
            metadata["labels"] = plan.labels.document
            if !options.annotations.isEmpty {
                metadata["annotations"] = .object(options.annotations.map { .init($0.name, .string($0.value)) })
            }
            spec = plan.spec
        }
        self.document = ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec]
    }

    public var description: String { "pod \(self.name)" }
    public var customMirror: Mirror { Mirror(self, children: ["name": self.name]) }
}

/// Everything that has to be decided before the pod can be written down.
struct PodPlan: Sendable {
    let options: KubernetesOptions
    let ecosystem: EcosystemOptions
    let buildID: BuildID
    let pipelineID: String
    /// The build container's name.
    let name: String
    let image: String
    let token: Secret
    /// Of the pod, and of the Secret with its token.
    let podName: String
    var usesSecret: Bool { self.options.buildToken == .secret }
    let labels: PodLabels
    let resources: PodResources
    /// `nil`: no Docker daemon beside the build.
    let docker: PodResources?
    /// `nil`: no BuildKit daemon beside the build.
    let buildkit: PodResources?
    /// `nil`: the cache is not on the node's disk, or the build has none there.
    let cache: CacheDirectories?
    let timeoutMinutes: Double
    let gracePeriodSeconds: Double

    init(build: BuildConfig, options: KubernetesOptions, ecosystem: EcosystemOptions) throws(PodManifestError) {
        guard let image = build.container else { throw .missingField("container") }
        guard let token = build.token else { throw .missingField("token") }
        let annotations = try BuildAnnotations(build.annotations)
        (self.options, self.ecosystem) = (options, ecosystem)
        (self.buildID, self.image, self.token) = (build.buildID, image, token)
        self.pipelineID = build.pipelineID ?? ""
        self.name = PodName.container(of: build.buildID, prefix: options.prefix)
        self.podName = PodName.of(build.buildID, prefix: options.prefix)
        self.resources = PodResources(build: annotations, options: options)
        self.labels = PodLabels(build: build, annotations: annotations, resources: self.resources, options: options)
        // Both have to agree: the operator who allows it and the build that wants it.
        func sidecar(_ wanted: BuildAnnotations.Sidecar?, _ isAllowed: Bool) -> PodResources? {
            isAllowed ? wanted.map { PodResources($0, options: options) } : nil
        }
        self.docker = sidecar(annotations.docker, options.dockerFeatureEnabled)
        self.buildkit = sidecar(annotations.buildkit, options.rootlessBuildkitFeatureEnabled)
        self.cache = try CacheDirectories(build: build, prefix: options.prefix, cache: ecosystem.cache)
        (self.timeoutMinutes, self.gracePeriodSeconds) = (options.timeoutMinutes(annotations), options.gracePeriodSeconds(annotations))
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
        spec["containers"] = .array([self.buildContainer, self.dockerContainer, self.buildkitContainer].compactMap { $0 })
        spec["initContainers"] = [self.launcherContainer]
        spec["volumes"] = .array(self.volumes)
        spec["tolerations"] = Self.tolerations(self.options.nodeSelectors)
        spec["affinity"] = Self.nodeAffinity(self.options.nodeSelectors, self.options).map { ["nodeAffinity": $0] }
        return spec
    }
}

extension KubernetesOptions {
    /// How long the build may run: what it asks for, at least a minute, up to the operator's limit.
    func timeoutMinutes(_ annotations: BuildAnnotations) -> Double {
        annotations.timeoutMinutes.map { min(max($0, 1), self.maxBuildTimeoutMinutes) } ?? self.buildTimeoutMinutes
    }

    /// What a build may ask for: a pod that is deleted keeps its place on the node for so long.
    private static let longestGracePeriodSeconds = 3600.0

    /// How long it has to end: what it asks for, up to an hour, but not less than the operator's.
    func gracePeriodSeconds(_ annotations: BuildAnnotations) -> Double {
        let least = Double(self.terminationGracePeriodSeconds)
        return annotations.terminationGracePeriodSeconds.map { max(min($0, Self.longestGracePeriodSeconds), least) } ?? least
    }
}
