package import Support

/// One cluster and the shape of the pods in it (`executor.k8s.options.*`).
package struct KubernetesOptions: Sendable {
    /// Sizes by name: cores or GB, fractions allowed, more than 0.
    package struct Sizes: Sendable, Hashable {
        package var micro, low, high, turbo: Double
        /// Upper bound of a size given as a number.
        package var max: Double
    }

    /// What `k8s-vm` alone has.
    package struct Machine: Sendable, Hashable {
        /// The image of the VM's launcher; empty: there are no VMs.
        package var baseImage = ""
        /// The labels of nodes whose values builds ask for by their annotations `disk` and `diskSpeed`; empty: those mean nothing.
        package var diskLabel = ""
        package var diskSpeedLabel = ""
    }

    /// Where a build's token is (`K8S_BUILD_TOKEN`).
    package enum BuildToken: String, Sendable, CaseIterable {
        /// In the launcher's command line, which stands in the pod.
        case argument
        /// In a Secret that the pod owns.
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
    /// `nil`: the service account's token file is read, and read again when it changes.
    package var token: Secret?
    package var tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    /// PEM file with the CA certificates that may have signed the API server's; read again when it changes. `nil`: the service account's
    /// (``mountedAuthorities``) where one is mounted, else those the system trusts.
    package var caFile: String?
    /// PEM files with the certificate that this worker shows the API server, and its key; both or none.
    package var clientCertFile: String?
    package var clientKeyFile: String?
    /// `http://host:port` of the proxy that leads to the API server; `nil`: none.
    package var proxy: Secret?
    package var jobsNamespace = "default"
    package var serviceAccount = "default"
    package var buildToken = BuildToken.argument
    package var privileged = false
    package var dnsPolicy = "ClusterFirst"
    package var imagePullPolicy = "Always"
    package var automountServiceAccountToken = false
    package var dockerFeatureEnabled = false
    /// The Docker daemon beside a build that asks for one; where it asks for BuildKit, too, that without root; and the BuildKit daemon.
    package var dockerImage = "docker:20.10-dind"
    package var rootlessDockerImage = "docker:20.10-dind-rootless"
    package var buildkitImage = "screwdrivercd/buildkit-rootless:latest"
    /// Builds may ask for a BuildKit daemon beside them, which is privileged.
    package var rootlessBuildkitFeatureEnabled = true
    package var cpu = Sizes(micro: 1, low: 2, high: 6, turbo: 12, max: 12)
    package var memory = Sizes(micro: 1, low: 2, high: 12, turbo: 16, max: 16)
    /// Minutes a build may run where its message does not say, more than 0.
    package var buildTimeoutMinutes = 90.0
    /// Upper bound, in minutes, of what a message may say, more than 0.
    package var maxBuildTimeoutMinutes = 120.0
    /// 0–86 400.
    package var terminationGracePeriodSeconds = 60
    /// A pod's `lifecycle` object, passed on as it is.
    package var lifecycleHooks: JSONValue?
    /// In the order given. `sdbuild` is refused: the worker finds pods by it.
    package var podLabels: [(name: String, value: String)] = []
    package var nodeSelectors: [(name: String, value: String)] = []
    package var preferredNodeSelectors: [(name: String, value: String)] = []
    package var annotations: [(name: String, value: String)] = []
    package var runtimeClass = ""
    package var imagePullSecretName = ""
    package var volumeMounts: [VolumeMount] = []
    /// Pause between creating a pod and looking at it (milliseconds in the variable, 0–300 000).
    package var podStatusQueryDelay = Duration.zero
    package var buildSecrets: [SecretVariable] = []
    package var buildSecretsFile: [SecretFiles] = []
    package var launchImage = "screwdrivercd/launcher"
    package var launchVersion = "stable"
    /// Goes before every build id in names and labels: lower case letters, digits and `-`, at most 30, the first not `-`.
    package var prefix = ""
    /// `fusebox.breaker.timeout` (milliseconds, 1–600 000): total deadline of one HTTP request.
    package var requestTimeout = Duration.seconds(10)
    /// `requestretry.retryDelay` (milliseconds, 0–600 000): pause between two attempts at the build API.
    package var requestRetryDelay = Duration.seconds(3)
    /// `requestretry.maxAttempts`: attempts at the build API, 1–100.
    package var requestMaxAttempts = 5
    package var habitatEnabled = true
    /// Of the VM's launcher; in an executor that starts none it means nothing.
    package var machine = Machine()
    /// A build's pod starts a virtual machine, in which the build runs.
    package internal(set) var startsVM = false

    /// Another API server than that of `k8s`.
    package var isOtherCluster = false

    package static let mountedAuthorities = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

    package init() {}
}
