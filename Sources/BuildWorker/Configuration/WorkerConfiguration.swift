/// Everything an operator can set, parsed and checked. Made once, at the edge, by ``ConfigurationLoader``.
///
/// The key that sets a property is its path in `Config/default.yaml`; `Config/environment.yaml` maps
/// variables to keys.
public struct WorkerConfiguration: Sendable {
    public var rabbitmq = RabbitMQOptions()
    public var executor = ExecutorOptions()
    public var ecosystem = EcosystemOptions()
    public var httpd = HealthServerOptions()
    public var log = LogOptions()
    /// `drainTimeoutSeconds`: how long work in hand may take to finish after SIGTERM.
    public var drainTimeout = Duration.seconds(25)

    public init() {}
}

/// Where the broker is and which queues are ours (`rabbitmq.*`).
public struct RabbitMQOptions: Sendable {
    public enum Transport: String, Sendable, CaseIterable { case amqp, amqps }

    /// `rabbitmq.protocol`
    public var transport = Transport.amqp
    public var username = "foo"
    public var password = Secret("bar")
    /// One or more host names; tried in turn. The variable takes a comma-separated list.
    public var hosts = ["127.0.0.1"]
    /// 1–65535.
    public var port = 5672
    /// The name itself. The variable takes it as a URI's path has it: `/screwdriver` names `screwdriver`.
    public var vhost = "screwdriver"
    /// `rabbitmq.connectOptions.heartbeatIntervalInSeconds`, 1–3600 s.
    public var heartbeat = Duration.seconds(20)
    /// `rabbitmq.connectOptions.reconnectTimeInSeconds`: the longest pause between two attempts to connect.
    public var reconnectLimit = Duration.seconds(30)
    /// PEM file with the authorities that may have signed the broker's certificate. Needed with `amqps`.
    public var caFile: String?
    /// The build queue.
    public var queue = "test"
    /// Unsettled deliveries per queue, 1–65535.
    public var prefetchCount = 20
    /// Rejections after which a build is failed instead of retried, 0–1000.
    public var messageReprocessLimit = 5
    /// The verification queue.
    public var retryQueue = "sdRetryQueue"
    public var retryQueueEnabled = true
    public var exchange = "build"
    /// `rabbitmq.initTimeout` (minutes, fractions allowed, more than 0): how long a pod may take to begin before it is looked at again.
    public var initTimeout = Duration.seconds(300)
    /// Init timers a pending pod gets before its build is failed, 1–1000.
    public var verifyLimit = 6
    /// `rabbitmq.retryDelaySeconds`: the time a rejected message waits, for `worker topology`.
    public var retryDelay = Duration.seconds(30)

    public init() {}

    public var waitQueue: String { "\(self.queue).wait" }
    public var retryWaitQueue: String { "\(self.retryQueue).wait" }
    public var initQueue: String { "\(self.retryQueue).init" }
    public var parkedQueue: String { "\(self.queue).parked" }
}

/// How pods are made (`executor.*`).
public struct ExecutorOptions: Sendable {
    public enum Plugin: String, Sendable, CaseIterable { case k8s }

    public var plugin = Plugin.k8s
    /// `executor.k8s.options.*`
    public var kubernetes = KubernetesOptions()

    public init() {}
}

/// One cluster and the shape of the pods in it (`executor.k8s.options.*`).
public struct KubernetesOptions: Sendable {
    /// Sizes by name: cores (fractions allowed) or GB.
    public struct Sizes: Sendable, Hashable {
        public var micro: Double
        public var low: Double
        public var high: Double
        public var turbo: Double
        /// Upper bound of a size given as a number.
        public var max: Double

        public init(micro: Double, low: Double, high: Double, turbo: Double, max: Double) {
            (self.micro, self.low, self.high, self.turbo, self.max) = (micro, low, high, turbo, max)
        }
    }

    /// A directory or device of the node, mounted into the build container (`K8S_VOLUME_MOUNTS`).
    public struct VolumeMount: Sendable, Hashable {
        public var name: String
        public var mountPath: String
        public var path: String
        public var type: String?
        public var readOnly: Bool?

        public init(name: String, mountPath: String, path: String, type: String? = nil, readOnly: Bool? = nil) {
            (self.name, self.mountPath, self.path, self.type, self.readOnly) = (name, mountPath, path, type, readOnly)
        }
    }

    /// One key of a Secret as an environment variable of the build (`K8S_SECRETS`).
    public struct SecretVariable: Sendable, Hashable {
        public var variable: String
        public var secretName: String
        public var key: String

        public init(variable: String, secretName: String, key: String) {
            (self.variable, self.secretName, self.key) = (variable, secretName, key)
        }
    }

    /// A Secret mounted as files (`K8S_SECRETS_FILE`).
    public struct SecretFiles: Sendable, Hashable {
        public var name: String
        public var mountPath: String
        public var secretName: String
        public var readOnly: Bool?

        public init(name: String, mountPath: String, secretName: String, readOnly: Bool? = nil) {
            (self.name, self.mountPath, self.secretName, self.readOnly) = (name, mountPath, secretName, readOnly)
        }
    }

    /// The API server: `https://` unless a scheme is given, with or without a port.
    public var host = "kubernetes.default"
    /// `nil`: the service account's token file is read, and read again when it changes.
    public var token: Secret?
    public var tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    /// PEM file of the cluster's authority; `worker run` checks at start that the system trusts it.
    public var caFile = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    public var jobsNamespace = "default"
    public var serviceAccount = "default"
    public var privileged = false
    public var dnsPolicy = "ClusterFirst"
    public var imagePullPolicy = "Always"
    public var automountServiceAccountToken = false
    public var dockerFeatureEnabled = false
    public var cpu = Sizes(micro: 1, low: 2, high: 6, turbo: 12, max: 12)
    public var memory = Sizes(micro: 1, low: 2, high: 12, turbo: 16, max: 16)
    /// Minutes a build may run where its message does not say.
    public var buildTimeoutMinutes = 90.0
    /// Upper bound, in minutes, of what a message may say.
    public var maxBuildTimeoutMinutes = 120.0
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
    /// Pause between creating a pod and looking at it (milliseconds in the variable).
    public var podStatusQueryDelay = Duration.zero
    public var buildSecrets: [SecretVariable] = []
    public var buildSecretsFile: [SecretFiles] = []
    public var launchImage = "screwdrivercd/launcher"
    public var launchVersion = "stable"
    /// Goes before every build id in names and labels.
    public var prefix = ""
    /// `fusebox.breaker.timeout` (milliseconds): total deadline of one HTTP request.
    public var requestTimeout = Duration.seconds(10)
    /// `requestretry.retryDelay` (milliseconds): pause between two attempts at the build API.
    public var requestRetryDelay = Duration.seconds(3)
    /// `requestretry.maxAttempts`: attempts at the build API, 1–100.
    public var requestMaxAttempts = 5
    public var habitatEnabled = true

    public init() {}
}

/// Addresses of the controller's parts, and the build cache (`ecosystem.*`).
public struct EcosystemOptions: Sendable {
    public struct Cache: Sendable {
        /// `s3` or `disk`; with `disk` the cache is a directory of the node.
        public var strategy = "s3"
        public var path = "/"
        public var compress = false
        public var md5check = false
        public var maxSizeMB = 0
        public var maxGoThreads = 10000

        public init() {}
    }

    public var ui = "https://cd.screwdriver.cd"
    public var api = "https://api.screwdriver.cd"
    public var store = "https://store.screwdriver.cd"
    public var pushgatewayURL = ""
    public var cache = Cache()

    public init() {}
}

/// Where `/health` is served (`httpd.*`).
public struct HealthServerOptions: Sendable {
    public var port = 8080
    public var host = "0.0.0.0"

    public init() {}
}

/// What is logged and how (`log.*`).
public struct LogOptions: Sendable {
    public enum Format: String, Sendable, CaseIterable { case json, text }
    public enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

    public var format = Format.json
    public var level = Level.info

    public init() {}
}
