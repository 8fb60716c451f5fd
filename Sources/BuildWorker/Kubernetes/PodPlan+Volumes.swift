extension PodPlan {
    var volumes: [JSONValue] {
        var volumes: [JSONValue] = [
            ["name": "podinfo", "downwardAPI": ["items": [Self.podField("labels"), Self.podField("annotations")]]],
            Self.directory("screwdriver", "/opt/screwdriver/sdlauncher/\(self.options.launchVersion)"),
            Self.directory("sdtemp", "/opt/screwdriver/tmp_\(self.buildID)"),
            Self.emptyDirectory("workspace"),
        ]
        if self.docker != nil {
            volumes += ["dind-storage", "dind-share", "dind-client-certs"].map(Self.emptyDirectory)
        }
        if self.buildkit != nil { volumes += ["buildkit-client-certs", "buildkit-server-certs"].map(Self.emptyDirectory) }
        volumes += self.cache?.volumes ?? []
        volumes += self.options.volumeMounts.map { Self.hostPath($0.name, $0.path, type: $0.type) }
        volumes += self.options.buildSecretsFile.map {
            ["name": .string($0.name), "secret": ["secretName": .string($0.secretName)]]
        }
        return volumes
    }

    /// Of the build container.
    var buildMounts: [JSONValue] {
        var mounts = [
            Self.mount("podinfo", at: "/etc/podinfo", readOnly: true),
            Self.mount("screwdriver", at: "/opt/sd", readOnly: true),
            Self.mount("sdtemp", at: "/opt/sd_tmp"),
            Self.mount("workspace", at: "/workspace"),
        ]
        if self.docker != nil {
            mounts += [Self.mount("dind-share", at: "/opt/sd_dind_share"), Self.mount("dind-client-certs", at: "/certs/client")]
        }
        if self.buildkit != nil { mounts.append(Self.mount("buildkit-client-certs", at: "/certs/buildkit/client")) }
        if let cache = self.cache {
            mounts += [
                Self.mount("sd-pipeline-cache", at: "/sdpipelinecache", readOnly: cache.isReadOnly),
                Self.mount("sd-job-cache", at: "/sdjobcache", readOnly: cache.isReadOnly),
                Self.mount("sd-event-cache", at: "/sdeventcache"),
            ]
        }
        mounts += self.options.volumeMounts.map { Self.mount($0.name, at: $0.mountPath, readOnly: $0.readOnly) }
        mounts += self.options.buildSecretsFile.map { Self.mount($0.name, at: $0.mountPath, readOnly: $0.readOnly) }
        return mounts
    }

    /// Of the launcher's init container, which makes the cache directories writable: never read-only.
    var launcherMounts: [JSONValue] {
        var mounts = [Self.mount("screwdriver", at: "/opt/launcher"), Self.mount("workspace", at: "/workspace")]
        if self.cache != nil {
            mounts += [
                Self.mount("sd-pipeline-cache", at: "/opt/sdpipelinecache"),
                Self.mount("sd-job-cache", at: "/opt/sdjobcache"),
                Self.mount("sd-event-cache", at: "/opt/sdeventcache"),
            ]
        }
        return mounts
    }

    static func mount(_ volume: String, at path: String, readOnly: Bool? = nil) -> JSONValue {
        var mount: JSONValue = ["name": .string(volume), "mountPath": .string(path)]
        mount["readOnly"] = readOnly.map(JSONValue.bool)
        return mount
    }

    private static func podField(_ name: String) -> JSONValue {
        ["path": .string(name), "fieldRef": ["fieldPath": .string("metadata.\(name)")]]
    }

    private static func emptyDirectory(_ name: String) -> JSONValue { ["name": .string(name), "emptyDir": [:]] }

    static func directory(_ name: String, _ path: String) -> JSONValue {
        Self.hostPath(name, path, type: "DirectoryOrCreate")
    }

    static func hostPath(_ name: String, _ path: String, type: String? = nil) -> JSONValue {
        var source: JSONValue = ["path": .string(path)]
        source["type"] = type.map(JSONValue.string)
        return ["name": .string(name), "hostPath": source]
    }
}

extension CacheDirectories {
    var volumes: [JSONValue] {
        [
            PodPlan.directory("sd-pipeline-cache", self.pipeline), PodPlan.directory("sd-job-cache", self.job),
            PodPlan.directory("sd-event-cache", self.event),
        ]
    }
}
