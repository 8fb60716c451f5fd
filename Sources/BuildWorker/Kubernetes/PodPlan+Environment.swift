extension PodPlan {
    /// The build container's environment variables.
    var environment: [JSONValue] {
        var variables = [
            Self.variable("SD_HAB_ENABLED", String(self.options.habitatEnabled)),
            Self.variable("SD_RUNTIME_CLASS", self.options.runtimeClass),
            Self.variable("SD_PUSHGATEWAY_URL", self.ecosystem.pushgatewayURL),
            Self.variable("SD_TERMINATION_GRACE_PERIOD_SECONDS", self.gracePeriodSeconds.plainText),
            Self.variable("CONTAINER_IMAGE", self.image),
            Self.variable("SD_PIPELINE_ID", self.pipelineID),
            Self.variable("SD_BUILD_PREFIX", self.options.prefix),
            Self.variable("NODE_ID", from: ["fieldRef": ["fieldPath": "spec.nodeName"]]),
            Self.variable("SD_BASE_COMMAND_PATH", "/sd/commands/"),
            Self.variable("SD_TEMP", "/opt/sd_tmp"),
            Self.variable("CONTAINER_CPU_LIMIT", from: self.limit("limits.cpu")),
            Self.variable("CONTAINER_MEMORY_LIMIT", from: self.limit("limits.memory")),
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
            let key: JSONValue = ["name": .string(self.podName), "key": .string(TokenSecret.key)]
            variables.append(Self.variable(TokenSecret.variable, from: ["secretKeyRef": key]))
        }
        return variables
            + self.options.buildSecrets.map { secret in
                let key: JSONValue = ["name": .string(secret.secretName), "key": .string(secret.key)]
                return Self.variable(secret.variable, from: ["secretKeyRef": key])
            }
    }

    private func limit(_ resource: String) -> JSONValue {
        ["resourceFieldRef": ["containerName": .string(self.name), "resource": .string(resource)]]
    }

    static func variable(_ name: String, _ value: String) -> JSONValue {
        ["name": .string(name), "value": .string(value)]
    }

    static func variable(_ name: String, from source: JSONValue) -> JSONValue {
        ["name": .string(name), "valueFrom": source]
    }
}
