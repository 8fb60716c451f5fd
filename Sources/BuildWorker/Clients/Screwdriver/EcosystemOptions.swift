package import Support

/// Base URLs of the controller's services, without trailing slash, and the build cache (`ecosystem.*`).
package struct EcosystemOptions: Sendable {
    package struct Cache: Sendable {
        /// `s3` or `disk`; `disk` is a directory on the node.
        package var strategy = "s3"
        /// For `disk`: absolute, without `..`.
        package var path = "/"
        package var compress = false
        package var md5check = false
        /// 0: unlimited. Passed to the launcher, like the next.
        package var maxSizeMB = 0
        package var maxGoThreads = 10000

        package init() {}
    }

    package var ui = "https://cd.screwdriver.cd"
    package var api = "https://api.screwdriver.cd"
    /// PEM file with the CA certificates for the build API; reread when it changes. `nil`: the system's.
    package var caFile: String?
    /// `http://host:port` of the proxy for the build API; `nil`: none.
    package var proxy: Secret?
    /// `ecosystem.apiPatience` (minutes, fractions allowed, more than 0, at most a year): how long the build API may
    /// fail for one build, while serving others, before the build's message is parked.
    package var apiPatience = Duration.seconds(86_400)
    /// `ecosystem.apiHosts`: build API hosts allowed besides ``api``: names, IP addresses, `*.example.com`. Empty: all.
    package var apiHosts: [String] = []
    package var store = "https://store.screwdriver.cd"
    package var pushgatewayURL = ""
    package var cache = Cache()

    package init() {}
}
