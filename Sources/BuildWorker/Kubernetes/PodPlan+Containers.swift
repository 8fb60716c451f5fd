extension PodPlan {
    /// Where the user's build runs.
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
            "volumeMounts": .array(self.buildMounts),
        ]
        if let hooks = self.options.lifecycleHooks, hooks.members?.isEmpty == false { container["lifecycle"] = hooks }
        return container
    }

    /// The Docker daemon of builds that asked for one.
    var dockerContainer: JSONValue? {
        guard let docker = self.docker else { return .none }
        return [
            "name": "dind",
            "image": .string(self.buildkit == nil ? self.options.dockerImage : self.options.rootlessDockerImage),
            "resources": docker.document,
            "securityContext": ["privileged": true],
            "volumeMounts": [
                Self.mount("dind-storage", at: "/var/lib/docker"),
                Self.mount("dind-share", at: "/opt/sd_dind_share"),
                Self.mount("dind-client-certs", at: "/certs/client"),
            ],
        ]
    }

    /// The BuildKit daemon of builds that asked for one. Without root, but not without privileges.
    var buildkitContainer: JSONValue? {
        guard let buildkit = self.buildkit else { return .none }
        return [
            "name": "buildkitd",
            "image": .string(self.options.buildkitImage),
            "resources": buildkit.document,
            "args": ["--addr", "tcp://localhost:1234", "--config", "/etc/buildkit/buildkitd.toml"],
            "securityContext": ["privileged": true],
            "volumeMounts": [
                Self.mount("buildkit-client-certs", at: "/certs/buildkit/client"), Self.mount("buildkit-server-certs", at: "/certs/buildkit/server"),
            ],
        ]
    }

    /// Lays the launcher's programs on the node, once per version, before the build begins.
    var launcherContainer: JSONValue {
        [
            "name": .string("launcher-\(self.name)"),
            "image": .string("\(self.options.launchImage):\(self.options.launchVersion)"),
            "command": ["/bin/sh", "-c", .string(self.launcherScript)],
            "volumeMounts": .array(self.launcherMounts),
        ]
    }

    private var launcherScript: String {
        let directories = self.cache == nil ? [] : ["/opt/sdpipelinecache", "/opt/sdjobcache", "/opt/sdeventcache"]
        let start = "echo launcher_start_ts:`date \"+%s\"` > /workspace/metrics"
        let end = "echo launcher_end_ts:`date \"+%s\"` >> /workspace/metrics"
        let install = Self.install(habitat: "/hab/.", move: "mv -fn")
        return ([start] + directories.map { "chmod -R 777 \($0)" } + [install]).joined(separator: " && ") + "; \(end)"
    }

    /// Copied aside and moved: another pod of this node may be doing the same.
    static func install(habitat: String, move: String) -> String {
        let copy = [
            "TEMP_DIR=`mktemp -d -p /opt/launcher`", "cp -a /opt/sd/* $TEMP_DIR", "mkdir -p $TEMP_DIR/hab",
            "cp -a \(habitat) $TEMP_DIR/hab", "\(move) $TEMP_DIR/* /opt/launcher", "rm -rf $TEMP_DIR || true",
        ].joined(separator: " && ")
        return "if ! [ -f /opt/launcher/launch ]; then \(copy); else ls /opt/launcher; fi"
    }

    /// One line for a shell, as the launcher's entry point expects it.
    private var runCommand: String {
        let token = self.usesSecret ? "\"$\(TokenSecret.variable)\"" : Self.quoted(self.token.exposed)
        var words = [
            self.ecosystem.api, self.ecosystem.store, self.timeoutMinutes.plainText, self.buildID.description, self.ecosystem.ui,
        ]
        if self.cache != nil {
            let cache = self.ecosystem.cache
            words += [
                cache.strategy, "/sdpipelinecache", "/sdjobcache", "/sdeventcache", String(cache.compress), String(cache.md5check),
                String(cache.maxSizeMB), String(cache.maxGoThreads),
            ]
        }
        return (["/opt/sd/run.sh", token] + words.map(Self.quoted)).joined(separator: " ") + "\n"
    }

    /// In double quotes, with the four characters that still mean something there escaped.
    private static func quoted(_ word: String) -> String {
        let special = "\"\\$`".utf8
        guard word.utf8.contains(where: special.contains) else { return "\"\(word)\"" }
        var quoted = "\""
        for scalar in word.unicodeScalars {
            switch scalar {
            case "\"", "\\", "$", "`": quoted += "\\"
            default: break
            }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
