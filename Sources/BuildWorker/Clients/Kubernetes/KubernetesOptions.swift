package import Support

/// A cluster and the configuration of its pods (`executor.k8s.options.*`).
package struct KubernetesOptions: Sendable {
    /// Sizes by name: cores or GB, fractions allowed, more than 0.
    package struct Sizes: Sendable, Hashable {
        package var micro, low, high, turbo: Double
        /// Maximum size that may be given as a number.
        package var max: Double
    }

    /// Options of `k8s-vm` only.
    package struct Machine: Sendable, Hashable {
        /// The VM launcher's image; empty: no VMs.
        package var baseImage = ""
        /// Node labels matched by the annotations `disk` and `diskSpeed`; empty: these are ignored.
        package var diskLabel = ""
        package var diskSpeedLabel = ""
    }

    /// Where a build's token is stored (`K8S_BUILD_TOKEN`).
    package enum BuildToken: String, Sendable, CaseIterable {
        /// In the launcher's command line, visible in the pod.
        case argument
        /// In a Secret owned by the pod.
        case secret
    }

    /// A directory or device of the node, mounted into the build container (`K8S_VOLUME_MOUNTS`).
    package struct VolumeMount: Sendable, Hashable {
        package var name = ""
        package var mountPath = ""
        package var path = ""
        package var type: String?
        package var readOnly: Bool?

        package init(
            name: String = "", mountPath: String = "", path: String = "", type: String? = nil,
            readOnly: Bool? = nil
        ) {
            self.name = name
            self.mountPath = mountPath
            self.path = path
            self.type = type
            self.readOnly = readOnly
        }
    }

    /// One key of a Secret as an environment variable of the build (`K8S_SECRETS`).
    package struct SecretVariable: Sendable, Hashable {
        package var variable = ""
        package var secretName = ""
        package var key = ""

        package init(variable: String = "", secretName: String = "", key: String = "") {
            self.variable = variable
            self.secretName = secretName
            self.key = key
        }
    }

    /// A Secret mounted as files (`K8S_SECRETS_FILE`).
    package struct SecretFiles: Sendable, Hashable {
        package var name = ""
        package var mountPath = ""
        package var secretName = ""
        package var readOnly: Bool?

        package init(name: String = "", mountPath: String = "", secretName: String = "", readOnly: Bool? = nil) {
            self.name = name
            self.mountPath = mountPath
            self.secretName = secretName
            self.readOnly = readOnly
        }
    }

    /// The API server: `https://` unless a scheme is given, with or without a port, without a path.
    package var host = "kubernetes.default"
    /// `nil`: read from the service account's token file, and reread when it changes.
    package var token: Secret?
    package var tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    /// PEM file with the CA certificates for the API server; reread when it changes. `nil`: the service account's
    /// (``mountedAuthorities``) if mounted, else the system's.
    package var caFile: String?
    /// PEM files of the client certificate and its key; both or none.
    package var clientCertFile: String?
    package var clientKeyFile: String?
    /// `http://host:port` of the proxy for the API server; `nil`: none.
    package var proxy: Secret?
    package var jobsNamespace = "default"
    package var serviceAccount = "default"
    package var buildToken = BuildToken.argument
    package var privileged = false
    package var dnsPolicy = "ClusterFirst"
    package var imagePullPolicy = "Always"
    package var automountServiceAccountToken = false
    package var dockerFeatureEnabled = false
    /// The Docker sidecar, its rootless variant for builds that request BuildKit, too, and the BuildKit sidecar.
    package var dockerImage = "docker:20.10-dind"
    package var rootlessDockerImage = "docker:20.10-dind-rootless"
    package var buildkitImage = "screwdrivercd/buildkit-rootless:latest"
    /// Whether builds may request a BuildKit sidecar, which is privileged.
    package var rootlessBuildkitFeatureEnabled = true
    package var cpu = Sizes(micro: 1, low: 2, high: 6, turbo: 12, max: 12)
    package var memory = Sizes(micro: 1, low: 2, high: 12, turbo: 16, max: 16)
    /// A build's time limit in minutes if its message has none, more than 0.
    package var buildTimeoutMinutes = 90.0
    /// Maximum time limit in minutes that a message may request, more than 0.
    package var maxBuildTimeoutMinutes = 120.0
    /// In seconds, 0–86 400.
    package var terminationGracePeriodSeconds = 60
    /// A pod's `lifecycle` object, passed through unchanged.
    package var lifecycleHooks: JSONValue?
    /// In the order given. `sdbuild` is rejected: the worker finds pods by it.
    package var podLabels: [(name: String, value: String)] = []
    package var nodeSelectors: [(name: String, value: String)] = []
    package var preferredNodeSelectors: [(name: String, value: String)] = []
    package var annotations: [(name: String, value: String)] = []
    package var runtimeClass = ""
    package var imagePullSecretName = ""
    package var volumeMounts: [VolumeMount] = []
    /// Pause between creating and reading a pod (milliseconds in the environment variable, 0–300 000).
    package var podStatusQueryDelay = Duration.zero
    package var buildSecrets: [SecretVariable] = []
    package var buildSecretsFile: [SecretFiles] = []
    package var launchImage = "screwdrivercd/launcher"
    package var launchVersion = "stable"
    /// Prefix of build ids in names and labels: lower case letters, digits and `-`, at most 30, the first not `-`.
    package var prefix = ""
    /// `fusebox.breaker.timeout` (milliseconds, 1–600 000): total deadline of one HTTP request.
    package var requestTimeout = Duration.seconds(10)
    /// `requestretry.retryDelay` (milliseconds, 0–600 000): pause between two attempts at the build API.
    package var requestRetryDelay = Duration.seconds(3)
    /// `requestretry.maxAttempts`: attempts at the build API, 1–100.
    package var requestMaxAttempts = 5
    package var habitatEnabled = true
    /// Options of the VM's launcher; ignored by other executors.
    package var machine = Machine()
    /// Whether a build's pod starts a virtual machine for the build.
    package internal(set) var startsVM = false

    /// Whether the API server differs from that of `k8s`.
    package var isOtherCluster = false

    package static let mountedAuthorities = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

    package init() {}
}
