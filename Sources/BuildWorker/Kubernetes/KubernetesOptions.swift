/// One cluster and the shape of the pods in it (`executor.k8s.options.*`).
public struct KubernetesOptions: Sendable {
    /// Sizes by name: cores or GB, fractions allowed, more than 0.
    public struct Sizes: Sendable, Hashable {
        public var micro, low, high, turbo: Double
        /// Upper bound of a size given as a number.
        public var max: Double
    }

    /// What `k8s-vm` alone has.
    public struct Machine: Sendable, Hashable {
        /// The image of the VM's launcher; empty: there are no VMs.
        public var baseImage = ""
        /// The labels of nodes whose values builds ask for by their annotations `disk` and `diskSpeed`; empty: those mean nothing.
        public var diskLabel = ""
        public var diskSpeedLabel = ""
    }

    /// Where a build's token is (`K8S_BUILD_TOKEN`).
    public enum BuildToken: String, Sendable, CaseIterable {
        /// In the launcher's command line, which stands in the pod.
        case argument
        /// In a Secret that the pod owns.
        case secret
    }

    /// A directory or device of the node, mounted into the build container (`K8S_VOLUME_MOUNTS`).
    public struct VolumeMount: Sendable, Hashable {
        public var name = ""
        public var mountPath = ""
        public var path = ""
        public var type: String?
        public var readOnly: Bool?
    }

    /// One key of a Secret as an environment variable of the build (`K8S_SECRETS`).
    public struct SecretVariable: Sendable, Hashable {
        public var variable = ""
        public var secretName = ""
        public var key = ""
    }

    /// A Secret mounted as files (`K8S_SECRETS_FILE`).
    public struct SecretFiles: Sendable, Hashable {
        public var name = ""
        public var mountPath = ""
        public var secretName = ""
        public var readOnly: Bool?
    }

    /// The API server: `https://` unless a scheme is given, with or without a port, without a path.
    public var host = "kubernetes.default"
    /// `nil`: the service account's token file is read, and read again when it changes.
    public var token: Secret?
    public var tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    /// PEM file with the CA certificates that may have signed the API server's; read again when it changes. `nil`: the service account's
    /// (``mountedAuthorities``) where one is mounted, else those the system trusts.
    public var caFile: String?
    /// PEM files with the certificate that this worker shows the API server, and its key; both or none.
    public var clientCertFile: String?
    public var clientKeyFile: String?
    /// `http://host:port` of the proxy that leads to the API server; `nil`: none.
    public var proxy: Secret?
    public var jobsNamespace = "default"
    public var serviceAccount = "default"
    public var buildToken = BuildToken.argument
    public var privileged = false
    public var dnsPolicy = "ClusterFirst"
    public var imagePullPolicy = "Always"
    public var automountServiceAccountToken = false
    public var dockerFeatureEnabled = false
    /// The Docker daemon beside a build that asks for one; where it asks for BuildKit, too, that without root; and the BuildKit daemon.
    public var dockerImage = "docker:20.10-dind"
    public var rootlessDockerImage = "docker:20.10-dind-rootless"
    public var buildkitImage = "screwdrivercd/buildkit-rootless:latest"
    /// Builds may ask for a BuildKit daemon beside them, which is privileged.
    public var rootlessBuildkitFeatureEnabled = true
    public var cpu = Sizes(micro: 1, low: 2, high: 6, turbo: 12, max: 12)
    public var memory = Sizes(micro: 1, low: 2, high: 12, turbo: 16, max: 16)
    /// Minutes a build may run where its message does not say, more than 0.
    public var buildTimeoutMinutes = 90.0
    /// Upper bound, in minutes, of what a message may say, more than 0.
    public var maxBuildTimeoutMinutes = 120.0
    /// 0–86 400.
    public var terminationGracePeriodSeconds = 60
    /// A pod's `lifecycle` object, passed on as it is.
    public var lifecycleHooks: JSONValue?
    /// In the order given. `sdbuild` is refused: the worker finds pods by it.
    public var podLabels: [(name: String, value: String)] = []
    public var nodeSelectors: [(name: String, value: String)] = []
    public var preferredNodeSelectors: [(name: String, value: String)] = []
    public var annotations: [(name: String, value: String)] = []
    public var runtimeClass = ""
    public var imagePullSecretName = ""
    public var volumeMounts: [VolumeMount] = []
    /// Pause between creating a pod and looking at it (milliseconds in the variable, 0–300 000).
    public var podStatusQueryDelay = Duration.zero
    public var buildSecrets: [SecretVariable] = []
    public var buildSecretsFile: [SecretFiles] = []
    public var launchImage = "screwdrivercd/launcher"
    public var launchVersion = "stable"
    /// Goes before every build id in names and labels: lower case letters, digits and `-`, at most 30, the first not `-`.
    public var prefix = ""
    /// `fusebox.breaker.timeout` (milliseconds, 1–600 000): total deadline of one HTTP request.
    public var requestTimeout = Duration.seconds(10)
    /// `requestretry.retryDelay` (milliseconds, 0–600 000): pause between two attempts at the build API.
    public var requestRetryDelay = Duration.seconds(3)
    /// `requestretry.maxAttempts`: attempts at the build API, 1–100.
    public var requestMaxAttempts = 5
    public var habitatEnabled = true
    /// Of the VM's launcher; in an executor that starts none it means nothing.
    public var machine = Machine()
    /// A build's pod starts a virtual machine, in which the build runs.
    public internal(set) var startsVM = false

    /// Another API server than that of `k8s`.
    var isOtherCluster = false

    public static let mountedAuthorities = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

    public init() {}
}
