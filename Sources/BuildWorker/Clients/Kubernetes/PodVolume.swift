internal import Support
internal import Workflow

/// A volume of a build's pod, with its mount path in each container.
struct PodVolume: Sendable {
    enum Container: Sendable { case build, launcher, docker, buildkit }

    let name: String
    /// For example `["emptyDir": [:]]`.
    private let source: JSONValue
    private let paths: [Container: String]
    /// For the build; `nil`: not specified. The launcher, which prepares the cache directories, always may write.
    private let isReadOnly: Bool?

    init(_ name: String, _ source: JSONValue = ["emptyDir": [:]], readOnly: Bool? = nil, at paths: [Container: String])
    {
        (self.name, self.source, self.isReadOnly, self.paths) = (name, source, readOnly, paths)
    }

    var document: JSONValue { .object([.init("name", .string(self.name))] + (self.source.members ?? [])) }

    fileprivate func mount(in container: Container) -> JSONValue? {
        guard let path = self.paths[container] else { return Optional.none }
        var mount: JSONValue = ["name": .string(self.name), "mountPath": .string(path)]
        if container == .build { mount["readOnly"] = self.isReadOnly.map(JSONValue.bool) }
        return mount
    }

    /// A directory of the node, or another `type`.
    static func path(_ path: String, type: String? = "DirectoryOrCreate") -> JSONValue {
        var source: JSONValue = ["path": .string(path)]
        source["type"] = type.map(JSONValue.string)
        return ["hostPath": source]
    }
}

extension [PodVolume] {
    func mounts(in container: PodVolume.Container) -> JSONValue { .array(self.compactMap { $0.mount(in: container) }) }
}

extension PodPlan {
    /// The volumes of a build's pod, without the operator's.
    static func ownVolumes(
        build: BuildID, launchVersion: String, docker: Bool, buildkit: Bool, cache: CacheDirectories?
    ) -> [PodVolume] {
        func field(_ name: String) -> JSONValue {
            ["path": .string(name), "fieldRef": ["fieldPath": .string("metadata.\(name)")]]
        }
        let launcher = PodVolume.path("/opt/screwdriver/sdlauncher/\(launchVersion)")
        let (client, share, buildkitClient) = ("/certs/client", "/opt/sd_dind_share", "/certs/buildkit/client")
        var volumes = [
            PodVolume(
                "podinfo", ["downwardAPI": ["items": [field("labels"), field("annotations")]]], readOnly: true,
                at: [.build: "/etc/podinfo"]),
            PodVolume("screwdriver", launcher, readOnly: true, at: [.build: "/opt/sd", .launcher: "/opt/launcher"]),
            PodVolume("sdtemp", PodVolume.path("/opt/screwdriver/tmp_\(build)"), at: [.build: "/opt/sd_tmp"]),
            PodVolume("workspace", at: [.build: "/workspace", .launcher: "/workspace"]),
        ]
        if docker {
            volumes += [
                PodVolume("dind-storage", at: [.docker: "/var/lib/docker"]),
                PodVolume("dind-share", at: [.build: share, .docker: share]),
                PodVolume("dind-client-certs", at: [.build: client, .docker: client]),
            ]
        }
        if buildkit {
            volumes += [
                PodVolume("buildkit-client-certs", at: [.build: buildkitClient, .buildkit: buildkitClient]),
                PodVolume("buildkit-server-certs", at: [.buildkit: "/certs/buildkit/server"]),
            ]
        }
        return volumes + (cache?.volumes(build: { "/sd\($0)cache" }, launcher: { "/opt/sd\($0)cache" }) ?? [])
    }

    /// Names that are not allowed for an operator's volume.
    package static let reservedVolumeNames: Set<String> = {
        let cache = CacheDirectories(root: "", pipeline: "", job: "", event: "", isReadOnly: false)
        return Set(
            Self.ownVolumes(build: BuildID(rawValue: 0), launchVersion: "", docker: true, buildkit: true, cache: cache)
                .map(\.name))
    }()

    static func volumes(ofOperators options: KubernetesOptions) -> [PodVolume] {
        options.volumeMounts.map {
            PodVolume(
                $0.name, PodVolume.path($0.path, type: $0.type), readOnly: $0.readOnly, at: [.build: $0.mountPath])
        }
            + options.buildSecretsFile.map {
                PodVolume(
                    $0.name, ["secret": ["secretName": .string($0.secretName)]], readOnly: $0.readOnly,
                    at: [.build: $0.mountPath])
            }
    }
}

/// The node's directories with a build's caches, if the cache is a disk.
struct CacheDirectories: Hashable, Sendable {
    let root, pipeline, job, event: String
    /// A pull request reads its parent job's caches, but must not change them; its event's cache is its own.
    let isReadOnly: Bool

    /// - Parameters:
    ///   - build: the build's mount path of a cache: `pipeline`, `job` or `event`.
    ///   - launcher: the launcher's mount path of it.
    func volumes(build: (String) -> String, launcher: (String) -> String) -> [PodVolume] {
        let caches: [(String, String, Bool?)] = [
            ("pipeline", self.pipeline, self.isReadOnly), ("job", self.job, self.isReadOnly),
            ("event", self.event, nil),
        ]
        return caches.map {
            PodVolume(
                "sd-\($0)-cache", PodVolume.path($1), readOnly: $2, at: [.build: build($0), .launcher: launcher($0)])
        }
    }
}

extension CacheDirectories {
    /// `nil` if the cache is not on the node's disk, or the build lacks an id: the parent directory is shared by all
    /// builds, and a build's launcher makes its directories world-writable.
    init?(build: BuildConfig, prefix: String, cache: EcosystemOptions.Cache) throws(PodManifestError) {
        guard cache.strategy == "disk", !cache.path.isEmpty else { return nil }
        let root = prefix.isEmpty ? cache.path : "\(cache.path)/\(prefix)"
        let parent = Self.parentJobID(of: build)
        let pipeline = try Self.component(build.pipelineID, "pipeline.id")
        let job = try Self.component(parent ?? build.jobID, parent == nil ? "jobId" : "token.prParentJobId")
        let event = try Self.component(build.eventID, "eventId")
        guard let pipeline, let job, let event else { return nil }
        self.init(
            root: root, pipeline: "\(root)/pipelines/\(pipeline)", job: "\(root)/jobs/\(pipeline)/\(job)",
            event: "\(root)/events/\(pipeline)/\(event)", isReadOnly: Self.isPullRequest(jobName: build.jobName ?? ""))
    }

    /// Ensures that a value from the message cannot escape the directory; it may be missing.
    private static func component(_ text: String?, _ field: String) throws(PodManifestError) -> String? {
        guard text.map(PathComponent.staysInside) ?? true else { throw .unsafePathComponent(field: field) }
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The job whose caches the build uses instead of its own: for a pull request, as stated in its token.
    static func parentJobID(of build: BuildConfig) -> String? {
        Self.isPullRequest(jobName: build.jobName ?? "") ? build.token.flatMap(TokenClaims.init)?.prParentJobID : nil
    }

    /// `PR-15` or `PR-15:test`, case-insensitive.
    static func isPullRequest(jobName: String) -> Bool {
        jobName.wholeMatch(of: /[Pp][Rr]-[0-9]+(:[A-Za-z0-9_\-]+)?/) != nil
    }
}
