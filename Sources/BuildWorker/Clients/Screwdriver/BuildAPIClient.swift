package import Support
package import Workflow

/// The controller's API for builds. Requests are attempted once; callers apply ``RetryPolicy``.
///
/// `send = admitted ∘ (observed | rationed) ∘ measured ∘ http`: the worker's own API is observed, because its outages
/// affect all builds; other APIs, whose addresses come from messages, must not delay other builds (``FailingHosts``).
package struct BuildAPIClient: Sendable {
    private let transport: HTTPTransport
    private let deadline: Duration
    package let hosts: APIHosts
    package let failingHosts: FailingHosts
    /// Notified of all requests to the worker's own API, except probes.
    package var observer: RequestObserver?

    /// - Parameters:
    ///   - deadline: of one request.
    ///   - hosts: the allowed hosts.
    package init(
        transport: HTTPTransport, deadline: Duration, hosts: APIHosts = APIHosts(),
        failingHosts: FailingHosts = FailingHosts()
    ) {
        (self.transport, self.deadline, self.hosts, self.failingHosts) = (transport, deadline, hosts, failingHosts)
    }

    /// The host has just failed and is not the worker's own API: another attempt would delay other builds.
    package func isFailing(_ apiURI: String) -> Bool { self.failingHosts.isFailing(Self.key(apiURI)) }

    /// `PUT <apiURI>/v4/builds/<id>`; any 2xx is success.
    ///
    /// - Returns: the build's resulting status, if the response contains it.
    @discardableResult
    package func update(_ build: BuildID, at apiURI: String, token: Secret, with update: BuildUpdate)
        async throws(BuildAPIError) -> String?
    {
        Self.document(
            try await self.send("update build \(build)", "PUT", apiURI, Self.path(build), token, update.document))?[
                "status"]?.string
    }

    /// A minimal request, to see whether the API answers.
    ///
    /// - Throws: errors with ``BuildAPIError/isPotentialOutage``; any other response counts as an answer, even a
    ///   gateway's that does not route this path.
    package func probe(_ apiURI: String) async throws(BuildAPIError) {
        do throws(BuildAPIError) {
            _ = try await self.measured("probe", HTTPRequest(method: "GET", url: Self.base(apiURI) + "/v4/status"))
        } catch  where !error.isPotentialOutage || error.code == .foreignAnswer {}
    }

    /// Whether the build has not started (QUEUED, BLOCKED): the launcher's first request, `POST …/token`. No side
    /// effects; the token in the response, valid for a minute, is dropped.
    package func isWaiting(_ build: BuildID, at apiURI: String, token: Secret) async throws(BuildAPIError) -> Bool {
        do throws(BuildAPIError) {
            let path = "\(Self.path(build))/token"
            _ = try await self.send(
                "ask for build \(build)", "POST", apiURI, path, token, ["buildTimeout": 1], access: .read,
                isOptional: true)
            return true
        } catch  where error.code == .begun { return false }
    }

    /// The build's status, from the response to an empty update: the only conclusive answer that a message's token
    /// gets. Side effect: erases the status message of a build that has not ended.
    ///
    /// - Returns: the status, for example `RUNNING`. For an ended build the API returns an error
    ///   (``BuildAPIError/Code/ended``).
    package func status(of build: BuildID, at apiURI: String, token: Secret) async throws(BuildAPIError) -> String {
        let operation = "ask for build \(build)"
        let response = try await self.send(operation, "PUT", apiURI, Self.path(build), token, ["stats": [:]])
        guard let status = Self.document(response)?["status"]?.string else {
            throw BuildAPIError(operation: operation, code: .unreadableAnswer, message: "the answer has no status")
        }
        return status
    }

    /// Whether a step of the build is active, as one is from creation to end, except for moments. No side effects, so
    /// this is used for builds that are most likely running.
    package func hasActiveStep(_ build: BuildID, at apiURI: String, token: Secret) async throws(BuildAPIError) -> Bool {
        let operation = "ask for steps of build \(build)"
        let response = try await self.send(operation, "GET", apiURI, "\(Self.path(build))/steps?status=active", token)
        guard let steps = Self.document(response)?.array else {
            throw BuildAPIError(operation: operation, code: .unreadableAnswer, message: "the answer is no list")
        }
        return !steps.isEmpty
    }

    private static func path(_ build: BuildID) -> String { "/v4/builds/\(build)" }

    private static func key(_ apiURI: String) -> String { APIHosts.authority(of: apiURI).lowercased() }

    /// - Parameter isOptional: some servers do not support this request.
    private func send(
        _ operation: String, _ method: String, _ apiURI: String, _ path: String, _ token: Secret,
        _ body: JSONValue? = nil,
        access: RequestAccess? = nil, isOptional: Bool = false
    ) async throws(BuildAPIError) -> HTTPResponse {
        let base = Self.base(apiURI)
        if let refusal = self.hosts.refusal(of: base) {
            throw BuildAPIError(operation: operation, code: .forbidden, message: "not sent: \(refusal)")
        }
        let request = HTTPRequest(method: method, url: base + path, bearer: token, body: body?.serialized())
        if self.hosts.isOwn(base) {
            guard let observer else { return try await self.measured(operation, request, isOptional) }
            let probe = { @Sendable () async throws(BuildAPIError) in try await self.probe(base) }
            return try await observer.around(access ?? (method == "GET" ? .read : .write), probe: probe) {
                () async throws(BuildAPIError) in
                try await self.measured(operation, request, isOptional)
            }
        }
        let host = Self.key(base)
        while case let admission = self.failingHosts.enter(host), admission != .admitted {
            if case .refused(let cause) = admission {
                throw BuildAPIError(operation: operation, code: .hostFailing, message: "not sent: \(cause)")
            }
            do { try await Task.sleep(for: .milliseconds(20)) } catch {
                throw BuildAPIError(operation: operation, code: .unreachable(.cancelled))
            }
        }
        do throws(BuildAPIError) {
            let response = try await self.measured(operation, request, isOptional)
            self.failingHosts.leave(host, .answered)
            return response
        } catch {
            self.failingHosts.leave(host, error.ofHost)
            throw error
        }
    }

    private func measured(_ operation: String, _ request: HTTPRequest, _ isOptional: Bool = false)
        async throws(BuildAPIError) -> HTTPResponse
    {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await self.transport.send(request, deadline: self.deadline)
        } catch {
            throw BuildAPIError(operation: operation, code: .unreachable(error.code), message: error.description)
        }
        guard (200..<300).contains(response.status) else {
            let error = BuildAPIError(operation, response, Self.document(response), token: request.bearer)
            guard isOptional, [404, 405, 501].contains(response.status),
                error.code == .foreignAnswer || error.code == .status
            else { throw error }
            throw BuildAPIError(
                operation: operation, code: .unknownQuestion, status: response.status, message: error.message)
        }
        return response
    }

    private static func base(_ apiURI: String) -> String {
        var base = apiURI
        while base.hasSuffix("/") { base.removeLast() }
        return base
    }

    /// Members of a build that are not used, which is most of it.
    private static let unread: Set = ["steps", "environment", "meta", "stats", "commit"]

    private static func document(_ response: HTTPResponse) -> JSONValue? {
        // A response that is not JSON carries no information.
        do throws(JSONError) { return try JSONValue(parsing: response.body, passingOver: Self.unread) } catch {
            return nil
        }
    }
}
