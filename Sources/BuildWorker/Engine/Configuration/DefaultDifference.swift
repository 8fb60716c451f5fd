internal import Clients
package import Support

/// A default or meaning that differs from the original worker's. `docs/migrating.md` has the same table.
package struct DefaultDifference: Sendable {
    package let variable: String
    package let key: String
    package let original: String
    package let ours: String
    package let meaning: String
    /// What to set to restore the original behaviour.
    package let remedy: String
    private let isFelt: @Sendable (WorkerConfiguration, ConfigurationOrigin) -> Bool

    private init(
        _ variable: String, _ key: String, _ original: String, _ ours: String, _ meaning: String, remedy: String,
        isFelt: @escaping @Sendable (WorkerConfiguration, ConfigurationOrigin) -> Bool = { $1 == .default }
    ) {
        (self.variable, self.key, self.original, self.ours) = (variable, key, original, ours)
        (self.meaning, self.remedy, self.isFelt) = (meaning, "\(variable)=\(remedy)", isFelt)
    }

    package static let all = [
        DefaultDifference(
            "RABBITMQ_MSG_REPROCESS_LIMIT", "rabbitmq.messageReprocessLimit", "3", "5",
            "a build is tried two times more before it is failed", remedy: "3"),
        DefaultDifference(
            "RABBITMQ_RETRYQUEUE_ENABLED", "rabbitmq.retryQueueEnabled", "false", "true",
            "pods are verified, so that a build that does not begin is failed; see `worker topology check` for the queues",
            remedy: "false"),
        DefaultDifference(
            "EXECUTOR_PLUGIN", "executor.plugin", "k8s-vm", "k8s",
            "builds that name no executor run in containers and not in virtual machines",
            remedy: "k8s-vm"),
        DefaultDifference(
            "PORT", "httpd.port", "80", "8080",
            "probes, Services and scrapes must use port 8080, which needs no privileges", remedy: "80"),
        DefaultDifference(
            "K8S_EXECUTOR_EXCLUSION", "executor.k8s.exclusion", "never heeded", "heeded",
            "weights give k8s no build with such an image", remedy: "[]"
        ) { configuration, _ in
            configuration.executor.share.weight > 0 && !configuration.executor.share.exclusions.isEmpty
        },
        DefaultDifference(
            "DOCKER_FEATURE_ENABLED", "executor.k8s.options.kubernetes.dockerFeatureEnabled",
            "any text in the variable counts as true", "false is false",
            "builds that ask for Docker get none", remedy: "true"
        ) { configuration, origin in
            if case .variable = origin { !configuration.executor.kubernetes.dockerFeatureEnabled } else { false }
        },
        DefaultDifference(
            "K8S_AUTOMOUNT_SERVICE_ACCOUNT_TOKEN", "executor.k8s.options.kubernetes.automountServiceAccountToken",
            "a file's true counts as false",
            "true is true", "builds have their service account's token", remedy: "false"
        ) { configuration, origin in
            if case .file = origin { configuration.executor.kubernetes.automountServiceAccountToken } else { false }
        },
    ]

    package static func felt(by loaded: LoadedConfiguration) -> [DefaultDifference] {
        self.all.filter { difference in
            loaded.report.rows.contains {
                $0.key == difference.key && difference.isFelt(loaded.configuration, $0.origin)
            }
        }
    }

    /// Plain text: the affecting differences, and settings without effect.
    package static func text(_ loaded: LoadedConfiguration) -> String {
        let felt = self.felt(by: loaded).map { difference in
            """
            \(difference.variable) (\(difference.key)): \(difference.original) in the original, \(difference.ours) here
              so:        \(difference.meaning.filter { $0 != "`" })
              as before: \(difference.remedy)
            """
        }
        let parts =
            (felt.isEmpty ? ["No default that differs from the original's is felt here."] : felt) + loaded.unused
        return parts.joined(separator: "\n")
    }

    /// `{"differences":[{"variable","key","original","ours","meaning","remedy"}],"unused":[…]}`
    package static func document(_ loaded: LoadedConfiguration) -> JSONValue {
        let differences = self.felt(by: loaded).map { difference -> JSONValue in
            [
                "variable": .string(difference.variable), "key": .string(difference.key),
                "original": .string(difference.original),
                "ours": .string(difference.ours), "meaning": .string(difference.meaning),
                "remedy": .string(difference.remedy),
            ]
        }
        return ["differences": .array(differences), "unused": .array(loaded.unused.map(JSONValue.string))]
    }
}
