package import Support

/// Addresses of the controller's parts, without a slash at the end, and the build cache (`ecosystem.*`).
package struct EcosystemOptions: Sendable {
    package struct Cache: Sendable {
        /// `s3` or `disk`; with `disk` the cache is a directory of the node.
        package var strategy = "s3"
        /// With `disk`: absolute, without `..`.
        package var path = "/"
        package var compress = false
        package var md5check = false
        /// 0: no limit. For the launcher, like the next.
        package var maxSizeMB = 0
        package var maxGoThreads = 10000

        package init() {}
    }

    package var ui = "https://cd.screwdriver.cd"
    package var api = "https://api.screwdriver.cd"
    /// PEM file with the CA certificates that may have signed the build API's; read again when it changes. `nil`: those the system trusts.
    package var caFile: String?
    /// `http://host:port` of the proxy that leads to the build API; `nil`: none.
    package var proxy: Secret?
    /// `ecosystem.apiPatience` (minutes, fractions allowed, more than 0, at most a year): how long the build API may fail for one build, while
    /// others are served, before the build's message is parked.
    package var apiPatience = Duration.seconds(86_400)
    /// `ecosystem.apiHosts`: hosts that messages may name as their build API, besides that of ``api``: names, IP addresses, `*.example.com`. Empty: all.
    package var apiHosts: [String] = []
    package var store = "https://store.screwdriver.cd"
    package var pushgatewayURL = ""
    package var cache = Cache()

    package init() {}
}
