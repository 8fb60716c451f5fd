internal import Clients
internal import Support

extension Result<Int, HTTPError> {
    /// Of the answers that mean something to the worker, the code; of others the class, for a server may answer with anything.
    var codeForMetrics: String {
        switch self {
        case .success(let status):
            switch status {
            case 200, 201, 204, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504: String(status)
            default: "\(status / 100)xx"
            }
        case .failure(let error):
            switch error.code {
            case .timedOut: "timeout"
            case .connectionRefused: "refused"
            case .connectionReset, .truncated: "reset"
            case .dnsFailure: "dns"
            case .tlsFailure: "tls"
            case .cancelled: "cancelled"
            case .tooLarge, .notHTTP, .invalidURL, .invalidToken, .local: "error"
            }
        }
    }
}

extension StatsdMetrics {
    /// `nil` where no server is to be told.
    convenience init?(_ options: MetricsOptions) {
        guard !options.statsdHost.isEmpty else { return nil }
        let socket = StatsdSocket(host: options.statsdHost, port: options.statsdPort)
        self.init(prefix: options.statsdPrefix) { socket.send($0) }
    }
}

extension KeyedSemaphore<String> {
    /// By job type; a type with 0 has no limit.
    convenience init(_ options: ConcurrencyOptions) {
        let limits = ["start": options.start, "stop": options.stop, "verify": options.verify, "clear": options.clear]
            .filter { $0.value > 0 }
        self.init { limits[$0] }
    }
}
