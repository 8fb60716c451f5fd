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
    /// PEM file of the authority of the build API's certificate, where it is not a public one; `worker run` checks at start that the system trusts it.
    public var caFile: String?
    public var store = "https://store.screwdriver.cd"
    public var pushgatewayURL = ""
    public var cache = Cache()

    public init() {}
}
