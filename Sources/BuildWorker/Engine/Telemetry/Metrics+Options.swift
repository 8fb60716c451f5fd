internal import Clients
internal import Support

extension Result<Int, HTTPError> {
    /// The code of responses that matter to the worker, otherwise its class: servers may send any code.
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
    /// `nil` if statsd is not configured.
    convenience init?(_ options: MetricsOptions) {
        guard !options.statsdHost.isEmpty else { return nil }
        let socket = StatsdSocket(host: options.statsdHost, port: options.statsdPort)
        self.init(prefix: options.statsdPrefix) { socket.send($0) }
    }
}

extension KeyedSemaphore<String> {
    /// By job type; 0 means no limit.
    convenience init(_ options: ConcurrencyOptions) {
        let limits = ["start": options.start, "stop": options.stop, "verify": options.verify, "clear": options.clear]
            .filter { $0.value > 0 }
        self.init { limits[$0] }
    }
}
