/// Addresses of the controller's parts, without a slash at the end, and the build cache (`ecosystem.*`).
public struct EcosystemOptions: Sendable {
    public struct Cache: Sendable {
        /// `s3` or `disk`; with `disk` the cache is a directory of the node.
        public var strategy = "s3"
        /// With `disk`: absolute, without `..`.
        public var path = "/"
        public var compress = false
        public var md5check = false
        /// 0: no limit. For the launcher, like the next.
        public var maxSizeMB = 0
        public var maxGoThreads = 10000

        public init() {}
    }

    public var ui = "https://cd.screwdriver.cd"
    public var api = "https://api.screwdriver.cd"
    /// PEM file with the CA certificates that may have signed the build API's; read again when it changes. `nil`: those the system trusts.
    public var caFile: String?
    /// `http://host:port` of the proxy that leads to the build API; `nil`: none.
    public var proxy: Secret?
    /// `ecosystem.apiPatience` (minutes, fractions allowed, more than 0, at most a year): how long the build API may fail for one build, while
    /// others are served, before the build's message is parked.
    public var apiPatience = Duration.seconds(86_400)
    /// `ecosystem.apiHosts`: hosts that messages may name as their build API, besides that of ``api``: names, IP addresses, `*.example.com`. Empty: all.
    public var apiHosts: [String] = []
    public var store = "https://store.screwdriver.cd"
    public var pushgatewayURL = ""
    public var cache = Cache()

    public init() {}
}
