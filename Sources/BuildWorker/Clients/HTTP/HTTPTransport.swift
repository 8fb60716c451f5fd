internal import Foundation
internal import FoundationNetworking
internal import Support

/// Sends requests to one service through URLSession's interface and our engine.
package struct HTTPTransport: Sendable {
    private let session: EngineSession
    private let service: HTTPService

    /// - Parameter onEnd: called on the engine's thread for every completed request; must not block.
    package init(
        _ options: HTTPOptions = HTTPOptions(), engine: HTTPEngine = .shared,
        onEnd: @escaping @Sendable (String, Result<Int, HTTPError>, Duration, HTTPMeasurements?) -> Void = {
            _, _, _, _ in
        }
    ) {
        self.service = HTTPService(options, onEnd: onEnd)
        self.session = EngineSession(engine, self.service)
    }

    package var name: String { self.service.options.name }
    /// The path of the trusted CA certificates; `nil`: the system's.
    package var authoritiesPath: String? { self.service.options.authorities?.path }
    package var connections: HTTPConnectionCounts { self.service.connections }

    /// Sends a request. Cancelling the task ends it at once (``HTTPError/Code/cancelled``); its effect is unknown.
    ///
    /// - Parameter deadline: total, from now to the last byte of the response.
    package func send(_ request: HTTPRequest, deadline: Duration) async throws(HTTPError) -> HTTPResponse {
        let end = OneShot<Result<HTTPResponse, HTTPError>>()
        let task = self.session.dataTask(with: try request.urlRequest(deadline)) { body, response, error in
            if let body, let response = response as? HTTPURLResponse {
                end.fulfil(.success(HTTPResponse(response, [UInt8](body))))
            } else {
                end.fulfil(
                    .failure(
                        error as? HTTPError
                            ?? HTTPError(
                                operation: request.description, code: .local, detail: "no answer, and no reason")))
            }
        }
        return try await end.value(of: task).get()
    }

    /// Like ``send(_:deadline:)``, but with the body in chunks, for as long as it takes; the response's own is empty.
    ///
    /// - Parameters:
    ///   - deadline: for the response's head.
    ///   - idleLimit: between two chunks of the body; `nil`: none, while the peer's TCP stack acknowledges.
    package func stream(
        _ request: HTTPRequest, deadline: Duration, idleLimit: Duration? = nil
    ) async throws(HTTPError) -> (response: HTTPResponse, body: HTTPStream) {
        let (stream, response) = try await self.session.pieces(
            of: try request.urlRequest(deadline), idleLimit: idleLimit)
        return (HTTPResponse(response, []), stream)
    }
}

extension HTTPRequest {
    fileprivate func urlRequest(_ deadline: Duration) throws(HTTPError) -> URLRequest {
        if let problem { throw problem }
        guard let url = URL(string: self.url) else { throw HTTPError(operation: self.description, code: .invalidURL) }
        var request = URLRequest(url: url)
        request.httpMethod = self.method
        request.timeoutInterval = deadline / .seconds(1)
        // All at once: each `setValue` searches the existing ones case-insensitively.
        var headers = ["Accept": self.accept]
        if let basic { headers["Authorization"] = "Basic \(Data(basic.exposed.utf8).base64EncodedString())" }
        if let bearer { headers["Authorization"] = "Bearer \(bearer.exposed)" }
        if let body {
            request.httpBody = Data(body)
            headers["Content-Type"] = self.contentType
        }
        request.allHTTPHeaderFields = headers
        return request
    }
}

extension HTTPResponse {
    fileprivate init(_ response: HTTPURLResponse, _ body: [UInt8]) {
        self.init(
            status: response.statusCode, headers: response.allHeaderFields as? [String: String] ?? [:], body: body)
    }
}
