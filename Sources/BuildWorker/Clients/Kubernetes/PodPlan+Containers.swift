internal import Support
internal import Workflow

extension PodPlan {
    var buildContainer: JSONValue {
        var container: JSONValue = [
            "name": .string(self.name),
            "image": .string(self.image),
            "imagePullPolicy": .string(self.options.imagePullPolicy),
            "securityContext": ["privileged": .bool(self.options.privileged)],
            "resources": self.resources.document,
            "env": .array(self.environment),
            "command": ["/opt/sd/launcher_entrypoint.sh"],
            "args": [.string(self.runCommand)],
            "volumeMounts": self.volumes.mounts(in: .build),
        ]
        if let hooks = self.options.lifecycleHooks, hooks.members?.isEmpty == false { container["lifecycle"] = hooks }
        return container
    }

    /// The Docker daemon for builds that request one.
    var dockerContainer: JSONValue? {
        guard let docker = self.docker else { return .none }
        return [
            "name": "dind",
            "image": .string(self.buildkit == nil ? self.options.dockerImage : self.options.rootlessDockerImage),
            "resources": docker.document,
            "securityContext": ["privileged": true],
            "volumeMounts": self.volumes.mounts(in: .docker),
        ]
    }

    /// The BuildKit daemon for builds that request one. Rootless, but privileged.
    var buildkitContainer: JSONValue? {
        guard let buildkit = self.buildkit else { return .none }
        return [
            "name": "buildkitd",
            "image": .string(self.options.buildkitImage),
            "resources": buildkit.document,
            "args": ["--addr", "tcp://localhost:1234", "--config", "/etc/buildkit/buildkitd.toml"],
            "securityContext": ["privileged": true],
            "volumeMounts": self.volumes.mounts(in: .buildkit),
        ]
    }

    /// Installs the launcher on the node, once per version, before the build starts.
    var launcherContainer: JSONValue {
        let caches = self.cache == nil ? [] : ["/opt/sdpipelinecache", "/opt/sdjobcache", "/opt/sdeventcache"]
        let start = "echo launcher_start_ts:`date \"+%s\"` > /workspace/metrics"
        let end = "echo launcher_end_ts:`date \"+%s\"` >> /workspace/metrics"
        return Self.installer(
            "launcher-\(self.name)", self.options, caches: caches, before: [start], habitat: "/hab/.", move: "mv -fn",
            after: " \(end)",
            self.volumes)
    }

    /// - Parameters:
    ///   - caches: directories to be made world-writable.
    ///   - before: further commands.
    ///   - after: the text after the last semicolon.
    static func installer(
        _ name: String, _ options: KubernetesOptions, caches: [String], before: [String] = [], habitat: String,
        move: String,
        after: String = "", _ volumes: [PodVolume]
    ) -> JSONValue {
        // Copy, then rename: another pod of this node may be doing the same.
        let copy = [
            "TEMP_DIR=`mktemp -d -p /opt/launcher`", "cp -a /opt/sd/* $TEMP_DIR", "mkdir -p $TEMP_DIR/hab",
            "cp -a \(habitat) $TEMP_DIR/hab", "\(move) $TEMP_DIR/* /opt/launcher", "rm -rf $TEMP_DIR || true",
        ].joined(separator: " && ")
        let install = "if ! [ -f /opt/launcher/launch ]; then \(copy); else ls /opt/launcher; fi"
        let script = (before + caches.map { "chmod -R 777 \($0)" } + [install]).joined(separator: " && ")
        return [
            "name": .string(name),
            "image": .string("\(options.launchImage):\(options.launchVersion)"),
            "command": ["/bin/sh", "-c", .string("\(script);\(after)")],
            "volumeMounts": volumes.mounts(in: .launcher),
        ]
    }

    /// A shell command on one line, as the launcher's entry point expects it.
    private var runCommand: String {
        let token = self.usesSecret ? "\"$\(TokenSecret.variable)\"" : Self.quoted(self.token.exposed)
        let (ecosystem, cache) = (self.ecosystem, self.ecosystem.cache)
        var words = [
            ecosystem.api, ecosystem.store, self.timeoutMinutes.plainText, self.buildID.description, ecosystem.ui,
        ]
        if self.cache != nil {
            words += [cache.strategy, "/sdpipelinecache", "/sdjobcache", "/sdeventcache"]
            words += [
                String(cache.compress), String(cache.md5check), String(cache.maxSizeMB), String(cache.maxGoThreads),
            ]
        }
        return (["/opt/sd/run.sh", token] + words.map(Self.quoted)).joined(separator: " ") + "\n"
    }

    /// In double quotes, with the four characters that are special there escaped.
    private static func quoted(_ word: String) -> String {
        var quoted = "\""
        for scalar in word.unicodeScalars {
            if "\"\\$`".unicodeScalars.contains(scalar) { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    private var environment: [JSONValue] {
        func limit(_ resource: String) -> JSONValue {
            ["resourceFieldRef": ["containerName": .string(self.name), "resource": .string(resource)]]
        }
        func secret(_ name: String, _ key: String) -> JSONValue {
            ["secretKeyRef": ["name": .string(name), "key": .string(key)]]
        }
        var variables = [
            Self.variable("SD_HAB_ENABLED", String(self.options.habitatEnabled)),
            Self.variable("SD_RUNTIME_CLASS", self.options.runtimeClass),
            Self.variable("SD_PUSHGATEWAY_URL", self.ecosystem.pushgatewayURL),
            Self.variable("SD_TERMINATION_GRACE_PERIOD_SECONDS", self.gracePeriodSeconds.plainText),
            Self.variable("CONTAINER_IMAGE", self.image),
            Self.variable("SD_PIPELINE_ID", self.pipelineID),
            Self.variable("SD_BUILD_PREFIX", self.options.prefix),
            Self.variable("NODE_ID", from: Self.nodeName),
            Self.variable("SD_BASE_COMMAND_PATH", "/sd/commands/"),
            Self.variable("SD_TEMP", "/opt/sd_tmp"),
            Self.variable("CONTAINER_CPU_LIMIT", from: limit("limits.cpu")),
            Self.variable("CONTAINER_MEMORY_LIMIT", from: limit("limits.memory")),
        ]
        if self.docker != nil {
            variables += [
                Self.variable("SD_DIND_SHARE_PATH", "/opt/sd_dind_share"),
                Self.variable("DOCKER_HOST", "tcp://localhost:2376"),
                Self.variable("DOCKER_CERT_PATH", "/certs/client"),
                Self.variable("DOCKER_TLS_VERIFY", "1"),
            ]
        }
        if self.usesSecret {
            variables.append(Self.variable(TokenSecret.variable, from: secret(self.podName, TokenSecret.key)))
        }
        return variables
            + self.options.buildSecrets.map { Self.variable($0.variable, from: secret($0.secretName, $0.key)) }
    }

    static let nodeName: JSONValue = ["fieldRef": ["fieldPath": "spec.nodeName"]]

    static func variable(_ name: String, _ value: String) -> JSONValue {
        ["name": .string(name), "value": .string(value)]
    }

    static func variable(_ name: String, from source: JSONValue) -> JSONValue {
        ["name": .string(name), "valueFrom": source]
    }
}
