internal import BuildWorker

/// Asks a worker for the document of `/status`.
struct StatusQuestion {
    enum Failure: Error, CustomStringConvertible {
        case unreachable(reason: String, nobodyListens: Bool)
        /// Something else answers there, or it is not known where to ask.
        case noWorker(reason: String)

        var description: String {
            switch self {
            case .unreachable(let reason, _): "the worker cannot be reached: \(reason)"
            case .noWorker(let reason): reason
            }
        }
    }

    let address: String

    /// - Parameters:
    ///   - url: of the worker; `nil`: the one that runs here.
    init(url: String?, _ server: ServerOptions) throws(Failure) {
        guard let url else {
            guard server.port != 0 else { throw .noWorker(reason: "PORT or STATUS_PORT is 0, so the worker has taken a free port and logged it: name it with --url") }
            // A server that listens on one address only is asked there.
            let host = ["0.0.0.0", "::", ""].contains(server.host) ? "127.0.0.1" : server.host.contains(":") ? "[\(server.host)]" : server.host
            self.address = "http://\(host):\(server.port)/status"
            return
        }
        self.address = url.hasSuffix("/") ? "\(url)status" : "\(url)/status"
    }

    func ask(deadline: Duration) async throws(Failure) -> JSONValue {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await HTTPTransport(HTTPOptions(name: "worker")).send(HTTPRequest(method: "GET", url: self.address), deadline: deadline)
        } catch {
            throw .unreachable(reason: error.description, nobodyListens: error.code == .connectionRefused)
        }
        guard response.status == 200 else {
            let advice = [404: ": ask STATUS_PORT and not PORT", 421: ": ask by IP address, or add the name to its STATUS_HOSTS"][response.status] ?? ""
            throw .noWorker(reason: "no worker's status: \(self.address) answered \(response.status)\(advice)")
        }
        do throws(JSONError) { return try JSONValue(parsing: response.body) } catch {
            throw .noWorker(reason: "no worker's status: the answer of \(self.address) is no JSON")
        }
    }
}
