/// The controller's API for builds. Each request is attempted once; ``RetryPolicy`` is applied by the caller.
public struct BuildAPIClient: Sendable {
    private let transport: HTTPTransport
    private let deadline: Duration

    /// - Parameter deadline: of one request.
    public init(transport: HTTPTransport, deadline: Duration) { (self.transport, self.deadline) = (transport, deadline) }

    /// `PUT <apiURI>/v4/builds/<id>`; any 2xx is success.
    ///
    /// - Returns: the build's status after it, where the answer has it.
    @discardableResult
    public func update(_ build: BuildID, at apiURI: String, token: Secret, with update: BuildUpdate) async throws(BuildAPIError) -> String? {
        Self.document(try await self.send("update build \(build)", "PUT", build, apiURI, token, update.document))?["status"]?.string
    }

    /// Asks for next to nothing, to see whether the API answers.
    ///
    /// - Throws: what ``BuildAPIError/mayBeOutage`` says yes to; any other answer is one.
    public func probe(_ apiURI: String) async throws(BuildAPIError) {
        do throws(BuildAPIError) {
            _ = try await self.send("probe", HTTPRequest(method: "GET", url: "\(Self.base(apiURI))/v4/status"))
        } catch where !error.mayBeOutage {}
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

    /// - Returns: when the build ended (RFC 3339); `nil` while it has not.
    func end(of build: BuildID, at apiURI: String, token: Secret) async throws(BuildAPIError) -> String? {
        Self.document(try await self.send("get build \(build)", "GET", build, apiURI, token, nil))?["endTime"]?.string
    }

    private func send(
        _ operation: String, _ method: String, _ build: BuildID, _ apiURI: String, _ token: Secret, _ body: JSONValue?
    ) async throws(BuildAPIError) -> HTTPResponse {
        let url = "\(Self.base(apiURI))/v4/builds/\(build)"
        return try await self.send(operation, HTTPRequest(method: method, url: url, bearer: token, body: body?.serialized()))
    }

    private func send(_ operation: String, _ request: HTTPRequest) async throws(BuildAPIError) -> HTTPResponse {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await self.transport.send(request, deadline: self.deadline)
        } catch {
            throw BuildAPIError(operation: operation, code: .unreachable(error.code), message: error.description)
        }
        guard (200..<300).contains(response.status) else {
            let message = Self.document(response)?["message"]?.string ?? ""
            throw BuildAPIError(operation: operation, code: .status(response.status), message: message, hiding: request.bearer.map { [$0] } ?? [])
        }
        return response
    }

    private static func base(_ apiURI: String) -> String {
        var base = apiURI
        while base.hasSuffix("/") { base.removeLast() }
        return base
    }

    /// What nobody asks of a build, which is most of it.
    private static let unread: Set = ["steps", "environment", "meta", "stats", "commit"]

    private static func document(_ response: HTTPResponse) -> JSONValue? {
        // An answer that is not JSON says nothing.
        do throws(JSONError) { return try JSONValue(parsing: response.body, passingOver: Self.unread) } catch { return nil }
    }
}
