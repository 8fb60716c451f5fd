internal import Support
internal import Workflow

/// The pod of a build in a virtual machine (executor `k8s-vm`): a privileged container that has the node's hypervisor
/// start the VM with the build's image, and waits for it to end.
///
/// The cluster never sees the build's image; the container itself reports problems with it to the build API.
package struct VMPodPlan: Sendable {
    /// The container's name, which identifies pods of this kind.
    static let container = "vm-launcher"
    /// The name of the init container that installs the launcher on the node.
    static let installer = "launcher"
    static let command = "/sd/hyper-runner.sh"
    package static let app = "screwdriver-vm"

    private let options: KubernetesOptions
    private let pushgatewayURL: String
    private let resources: PodResources
    private let hasCache: Bool
    private let volumes: [PodVolume]
    private let selectors: PodPlan.Selectors
    private let gracePeriodSeconds: String
    private let arguments: [(name: String, value: String)]

    init(build: BuildConfig, options: KubernetesOptions, ecosystem: EcosystemOptions) throws(PodManifestError) {
        guard !options.machine.baseImage.isEmpty else { throw .noVM }
        guard let image = build.container else { throw .missingField("container") }
        guard let token = build.token else { throw .missingField("token") }
        guard let event = build.eventID else { throw .missingField("eventId") }
        let annotations = try BuildAnnotations(build.annotations)
        (self.options, self.pushgatewayURL) = (options, ecosystem.pushgatewayURL)
        self.resources = PodResources(cpu: annotations.cpu, ram: annotations.ram, options, isVM: true)
        self.selectors = Self.selectors(annotations, options)
        self.gracePeriodSeconds = options.gracePeriodSeconds(annotations).plainText
        let directories = try CacheDirectories(build: build, prefix: options.prefix, cache: ecosystem.cache)
        self.hasCache = directories != nil
        self.volumes =
            [
                PodVolume("hyper-socket", PodVolume.path("/var/run", type: nil), at: [.build: "/var/run"]),
                PodVolume(
                    "sd-workspaces", PodVolume.path("/opt/screwdriver", type: nil), at: [.build: "/var/sd-workspaces"]),
                PodVolume(
                    "sdlauncher", PodVolume.path("/opt/screwdriver/sdlauncher/\(options.launchVersion)"),
                    at: [.build: "/opt/sd", .launcher: "/opt/launcher"]),
            ] + (directories?.volumes(build: { "/opt/sd/cache/\($0)" }, launcher: { "/opt/sdcache\($0)" }) ?? [])
        let cache = ecosystem.cache
        self.arguments = [
            ("cpu", self.resources.cores.plainText), ("memory", self.resources.megabytes.plainText),
            ("container", image),
            ("api_uri", ecosystem.api), ("store_uri", ecosystem.store), ("ui_uri", ecosystem.ui),
            ("build_id", build.buildID.description),
            ("job_id", CacheDirectories.parentJobID(of: build) ?? build.jobID ?? ""), ("event_id", event),
            ("pipeline_id", build.pipelineID ?? ""),
            ("id_with_prefix", PodName.container(of: build.buildID, prefix: options.prefix)),
            ("build_token", token.exposed), ("build_timeout", options.timeoutMinutes(annotations).plainText),
            ("launcher_version", options.launchVersion), ("cache_strategy", directories == nil ? "s3" : cache.strategy),
            ("cache_path", directories?.root ?? cache.path), ("cache_compress", String(cache.compress)),
            ("cache_md5check", String(cache.md5check)), ("cache_max_size_mb", String(cache.maxSizeMB)),
            ("cache_max_go_threads", String(cache.maxGoThreads)),
        ]
    }

    /// The build's disk selectors, then the operator's, which take precedence.
    private static func selectors(_ annotations: BuildAnnotations, _ options: KubernetesOptions) -> PodPlan.Selectors {
        let disks = [
            (options.machine.diskLabel, annotations.diskSpace), (options.machine.diskSpeedLabel, annotations.diskSpeed),
        ]
        var selectors: JSONValue = [:]
        for (name, value) in disks where !name.isEmpty && !value.isEmpty { selectors[name] = .string(value) }
        for (name, value) in options.nodeSelectors { selectors[name] = .string(value) }
        return (selectors.members ?? []).map { ($0.name, $0.value.string ?? "") }
    }

    var spec: JSONValue {
        let term: JSONValue = ["key": "app", "operator": "In", "values": [.string(Self.app)]]
        let others: JSONValue = [
            "topologyKey": "kubernetes.io/hostname", "labelSelector": ["matchExpressions": [term]],
        ]
        var affinity: JSONValue = [
            "podAntiAffinity": [
                "preferredDuringSchedulingIgnoredDuringExecution": [["weight": 100, "podAffinityTerm": others]]
            ]
        ]
        affinity["nodeAffinity"] = PodPlan.nodeAffinity(self.selectors, self.options)
        // An older version of the cache setup of `k8s` pods, without timings.
        let caches = self.hasCache ? ["pipeline", "job", "event"].map { "/opt/sdcache\($0)" } : []
        let installer = PodPlan.installer(
            Self.installer, self.options, caches: caches, habitat: "/hab/*", move: "mv", self.volumes)
        var spec: JSONValue = [
            "affinity": affinity,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": .number(self.gracePeriodSeconds),
            "containers": [self.vmLauncher],
            "initContainers": [installer],
            "volumes": .array(self.volumes.map(\.document)),
        ]
        spec["tolerations"] = PodPlan.tolerations(self.selectors)
        return spec
    }

    private var vmLauncher: JSONValue {
        let (cpu, memory) = (self.resources.cores.plainText, "\(self.resources.megabytes.plainText)Mi")
        return [
            "name": .string(Self.container),
            "image": .string(self.options.machine.baseImage),
            "imagePullPolicy": "Always",
            "lifecycle": ["preStop": ["exec": ["command": ["/bin/sh", "-c", "sleep 30"]]]],
            "securityContext": ["privileged": true],
            "resources": ["limits": ["cpu": .string(cpu), "memory": .string(memory)]],
            "command": [.string(Self.command)],
            "args": .array(self.arguments.flatMap { [.string("--\($0.name)"), .string($0.value)] }),
            "env": [
                PodPlan.variable("SD_PUSHGATEWAY_URL", self.pushgatewayURL),
                PodPlan.variable("SD_TERMINATION_GRACE_PERIOD_SECONDS", self.gracePeriodSeconds),
                PodPlan.variable("NODE_ID", from: PodPlan.nodeName),
            ],
            "volumeMounts": self.volumes.mounts(in: .build),
        ]
    }
}
