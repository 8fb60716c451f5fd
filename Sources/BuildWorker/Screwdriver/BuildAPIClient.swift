/// The controller's API for builds. Each request is attempted once; ``RetryPolicy`` is applied by the caller.
public struct BuildAPIClient: Sendable {
    private let transport: HTTPTransport
    private let deadline: Duration

    /// - Parameter deadline: of one request.
    public init(transport: HTTPTransport, deadline: Duration) { (self.transport, self.deadline) = (transport, deadline) }

    /// `PUT <apiURI>/v4/builds/<id>`; any 2xx is success.
    public func update(_ build: BuildID, at apiURI: String, token: Secret, with update: BuildUpdate) async throws(BuildAPIError) {
        _ = try await self.send("update build \(build)", "PUT", build, apiURI, token, update.document)
    }

    /// `GET <apiURI>/v4/builds/<id>`.
    ///
    /// - Returns: the build's status, for example `QUEUED` or `ABORTED`.
    public func status(of build: BuildID, at apiURI: String, token: Secret) async throws(BuildAPIError) -> String {
        let operation = "get build \(build)"
        let response = try await self.send(operation, "GET", build, apiURI, token, nil)
        guard let status = Self.document(response)?["status"]?.string else {
            throw BuildAPIError(operation: operation, code: .unreadableAnswer, message: "the answer has no status")
        }
        return status
    }

    private func send(
        _ operation: String, _ method: String, _ build: BuildID, _ apiURI: String, _ token: Secret, _ body: JSONValue?
    ) async throws(BuildAPIError) -> HTTPResponse {
        var base = apiURI
        while base.hasSuffix("/") { base.removeLast() }
        let request = HTTPRequest(method: method, url: "\(base)/v4/builds/\(build)", bearer: token, body: body?.serialized())
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await self.transport.send(request, deadline: self.deadline)
        } catch {
            throw BuildAPIError(operation: operation, code: .unreachable(error.code), message: error.description)
        }
        guard (200..<300).contains(response.status) else {
            let message = Self.document(response)?["message"]?.string ?? ""
            throw BuildAPIError(operation: operation, code: .status(response.status), message: message, hiding: [token])
        }
        return response
    }

    private static func document(_ response: HTTPResponse) -> JSONValue? {
        // An answer that is not JSON says nothing.
        do throws(JSONError) { return try JSONValue(parsing: response.body) } catch { return nil }
    }
}
