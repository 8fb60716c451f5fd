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
        Self.document(try await self.send("update build \(build)", "PUT", Self.path(build, apiURI), token, update.document))?["status"]?.string
    }

    /// Asks for next to nothing, to see whether the API answers.
    ///
    /// - Throws: what ``BuildAPIError/mayBeOutage`` says yes to; any other answer is one, a gateway's too that does not lead to this path.
    public func probe(_ apiURI: String) async throws(BuildAPIError) {
        do throws(BuildAPIError) {
            _ = try await self.send("probe", HTTPRequest(method: "GET", url: "\(Self.base(apiURI))/v4/status"))
        } catch where !error.mayBeOutage || error.code == .foreignAnswer {}
    }

    /// Whether the build still waits to begin (QUEUED, BLOCKED): the question that the launcher asks first, `POST …/token`. It changes nothing,
    /// and the token in the answer, good for a minute, is dropped.
    public func isWaiting(_ build: BuildID, at apiURI: String, token: Secret) async throws(BuildAPIError) -> Bool {
        do throws(BuildAPIError) {
            _ = try await self.send("ask for build \(build)", "POST", "\(Self.path(build, apiURI))/token", token, ["buildTimeout": 1])
            return true
        } catch where error.code == .begun { return false }
    }

    /// The build's status by the answer to an update that changes nothing, but takes away the status message that a build had which has not
    /// ended: the only certain answer that a message's token gets.
    ///
    /// - Returns: the status, for example `RUNNING`. That a build has ended the API says by an error (``BuildAPIError/Code/ended``).
    public func status(of build: BuildID, at apiURI: String, token: Secret) async throws(BuildAPIError) -> String {
        let operation = "ask for build \(build)"
        let response = try await self.send(operation, "PUT", Self.path(build, apiURI), token, ["stats": [:]])
        guard let status = Self.document(response)?["status"]?.string else {
            throw BuildAPIError(operation: operation, code: .unreadableAnswer, message: "the answer has no status")
        }
        return status
    }

    /// Whether a step of the build is under way, as one is from a build's creation until its end, but for moments. Changes nothing, so it is
    /// what is asked of builds that most likely run.
    func hasActiveStep(_ build: BuildID, at apiURI: String, token: Secret) async throws(BuildAPIError) -> Bool {
        let operation = "ask for steps of build \(build)"
        let response = try await self.send(operation, "GET", "\(Self.path(build, apiURI))/steps?status=active", token, nil)
        guard let steps = Self.document(response)?.array else {
            throw BuildAPIError(operation: operation, code: .unreadableAnswer, message: "the answer is no list")
        }
        return !steps.isEmpty
    }

    private static func path(_ build: BuildID, _ apiURI: String) -> String { "\(Self.base(apiURI))/v4/builds/\(build)" }

    private func send(
        _ operation: String, _ method: String, _ url: String, _ token: Secret, _ body: JSONValue?
    ) async throws(BuildAPIError) -> HTTPResponse {
        try await self.send(operation, HTTPRequest(method: method, url: url, bearer: token, body: body?.serialized()))
    }

    private func send(_ operation: String, _ request: HTTPRequest) async throws(BuildAPIError) -> HTTPResponse {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await self.transport.send(request, deadline: self.deadline)
        } catch {
            throw BuildAPIError(operation: operation, code: .unreachable(error.code), message: error.description)
        }
        guard (200..<300).contains(response.status) else {
            throw BuildAPIError(operation, response, Self.document(response), token: request.bearer)
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
