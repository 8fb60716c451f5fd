/// The pod of a build that runs in a virtual machine (executor `k8s-vm`): a privileged container that has the node's hypervisor start the VM
/// with the build's image, and waits for its end.
///
/// The cluster never sees the build's image. What goes wrong with it, the container tells the build API itself.
struct VMPodPlan: Sendable {
    /// Of the container, by which the pod is known to be one of these.
    static let container = "vm-launcher"
    /// Of the init container that lays the launcher's programs on the node.
    static let installer = "launcher"
    static let command = "/sd/hyper-runner.sh"
    /// The label `app`.
    static let app = "screwdriver-vm"

    private let options: KubernetesOptions
    private let ecosystem: EcosystemOptions
    private let resources: PodResources
    private let cache: CacheDirectories?
    private let selectors: PodPlan.Selectors
    private let gracePeriodSeconds: String
    private let arguments: [(name: String, value: String)]

    init(build: BuildConfig, options: KubernetesOptions, ecosystem: EcosystemOptions) throws(PodManifestError) {
        guard !options.machine.baseImage.isEmpty else { throw .noVM }
        guard let image = build.container else { throw .missingField("container") }
        guard let token = build.token else { throw .missingField("token") }
        guard let event = build.eventID else { throw .missingField("eventId") }
        let annotations = try BuildAnnotations(build.annotations)
        (self.options, self.ecosystem) = (options, ecosystem)
        self.resources = PodResources(vm: annotations, options: options)
        self.cache = try CacheDirectories(build: build, prefix: options.prefix, cache: ecosystem.cache)
        self.selectors = Self.selectors(annotations, options)
        self.gracePeriodSeconds = options.gracePeriodSeconds(annotations).plainText
        let cache = ecosystem.cache
        self.arguments = [
            ("cpu", self.resources.cores.plainText), ("memory", self.resources.megabytes.plainText), ("container", image), ("api_uri", ecosystem.api),
            ("store_uri", ecosystem.store), ("ui_uri", ecosystem.ui), ("build_id", build.buildID.description),
            ("job_id", CacheDirectories.parentJobID(of: build) ?? build.jobID ?? ""), ("event_id", event), ("pipeline_id", build.pipelineID ?? ""),
            ("id_with_prefix", PodName.container(of: build.buildID, prefix: options.prefix)), ("build_token", token.exposed),
            ("build_timeout", options.timeoutMinutes(annotations).plainText), ("launcher_version", options.launchVersion),
            ("cache_strategy", self.cache == nil ? "s3" : cache.strategy), ("cache_path", self.cache?.root ?? cache.path), ("cache_compress", String(cache.compress)),
            ("cache_md5check", String(cache.md5check)), ("cache_max_size_mb", String(cache.maxSizeMB)), ("cache_max_go_threads", String(cache.maxGoThreads)),
        ]
    }

    /// Disks that the build asks for, then the operator's selectors, which go before them.
    private static func selectors(_ annotations: BuildAnnotations, _ options: KubernetesOptions) -> PodPlan.Selectors {
        let disks = [(options.machine.diskLabel, annotations.diskSpace), (options.machine.diskSpeedLabel, annotations.diskSpeed)]
        var selectors: JSONValue = [:]
        for (name, value) in disks where !name.isEmpty && !value.isEmpty { selectors[name] = .string(value) }
        for (name, value) in options.nodeSelectors { selectors[name] = .string(value) }
        return (selectors.members ?? []).map { ($0.name, $0.value.string ?? "") }
    }

    var spec: JSONValue {
        let term: JSONValue = ["key": "app", "operator": "In", "values": [.string(Self.app)]]
        let others: JSONValue = ["topologyKey": "kubernetes.io/hostname", "labelSelector": ["matchExpressions": [term]]]
        var affinity: JSONValue = [
            "podAntiAffinity": ["preferredDuringSchedulingIgnoredDuringExecution": [["weight": 100, "podAffinityTerm": others]]]
        ]
        affinity["nodeAffinity"] = PodPlan.nodeAffinity(self.selectors, self.options)
        var spec: JSONValue = [
            "affinity": affinity,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": .number(self.gracePeriodSeconds),
            "containers": [self.vmLauncher],
            "initContainers": [self.programs],
            "volumes": .array(self.volumes),
        ]
        spec["tolerations"] = PodPlan.tolerations(self.selectors)
        return spec
    }

    private var vmLauncher: JSONValue {
        var mounts = [
            PodPlan.mount("hyper-socket", at: "/var/run"), PodPlan.mount("sd-workspaces", at: "/var/sd-workspaces"),
            PodPlan.mount("sdlauncher", at: "/opt/sd"),
        ]
        if let cache = self.cache {
            mounts += [
                PodPlan.mount("sd-pipeline-cache", at: "/opt/sd/cache/pipeline", readOnly: cache.isReadOnly),
                PodPlan.mount("sd-job-cache", at: "/opt/sd/cache/job", readOnly: cache.isReadOnly),
                PodPlan.mount("sd-event-cache", at: "/opt/sd/cache/event"),
            ]
        }
        return [
            "name": .string(Self.container),
            "image": .string(self.options.machine.baseImage),
            "imagePullPolicy": "Always",
            "lifecycle": ["preStop": ["exec": ["command": ["/bin/sh", "-c", "sleep 30"]]]],
            "securityContext": ["privileged": true],
            "resources": ["limits": ["cpu": .string(self.resources.cores.plainText), "memory": .string("\(self.resources.megabytes.plainText)Mi")]],
            "command": [.string(Self.command)],
            "args": .array(self.arguments.flatMap { [.string("--\($0.name)"), .string($0.value)] }),
            "env": [
                PodPlan.variable("SD_PUSHGATEWAY_URL", self.ecosystem.pushgatewayURL),
                PodPlan.variable("SD_TERMINATION_GRACE_PERIOD_SECONDS", self.gracePeriodSeconds),
                PodPlan.variable("NODE_ID", from: ["fieldRef": ["fieldPath": "spec.nodeName"]]),
            ],
            "volumeMounts": .array(mounts),
        ]
    }

    /// As in the pods of `k8s`, but an older form of it, without the times that it took.
    private var programs: JSONValue {
        let caches = self.cache == nil ? [] : ["pipeline", "job", "event"]
        let script = (caches.map { "chmod -R 777 /opt/sdcache\($0)" } + [PodPlan.install(habitat: "/hab/*", move: "mv")]).joined(separator: " && ") + ";"
        return [
            "name": .string(Self.installer),
            "image": .string("\(self.options.launchImage):\(self.options.launchVersion)"),
            "command": ["/bin/sh", "-c", .string(script)],
            "volumeMounts": .array(
                [PodPlan.mount("sdlauncher", at: "/opt/launcher")] + caches.map { PodPlan.mount("sd-\($0)-cache", at: "/opt/sdcache\($0)") }),
        ]
    }

    private var volumes: [JSONValue] {
        [
            PodPlan.hostPath("hyper-socket", "/var/run"), PodPlan.hostPath("sd-workspaces", "/opt/screwdriver"),
            PodPlan.directory("sdlauncher", "/opt/screwdriver/sdlauncher/\(self.options.launchVersion)"),
        ] + (self.cache?.volumes ?? [])
    }
}
