package import Support

/// The worker's requests to a cluster's API server. Each is attempted once, within
/// ``KubernetesOptions/requestTimeout``; only a 401 is retried once, if the token can be reread.
///
/// `send = observed ∘ authorised ∘ measured ∘ http`
package struct KubernetesClient: Sendable {
    private let transport: HTTPTransport
    private let token: ServiceAccountToken
    private let podsURL: String
    let secretsURL: String
    private let deadline: Duration
    /// Notified of all requests except probes.
    var observer: RequestObserver?

    package init(options: KubernetesOptions, transport: HTTPTransport) {
        self.transport = transport
        self.token = ServiceAccountToken(options)
        let namespace = "\(options.serverURL)/api/v1/namespaces/\(options.jobsNamespace.percentEncoded)"
        (self.podsURL, self.secretsURL) = ("\(namespace)/pods", "\(namespace)/secrets")
        self.deadline = options.requestTimeout
    }

    /// - Returns: the created pod (201), without ``unread``.
    package func createPod(_ manifest: JSONValue) async throws(KubernetesError) -> JSONValue {
        try await self.document(
            "create pod", "POST", self.podsURL, body: manifest, success: 201, passingOver: Self.unread)
    }

    /// Members of a single pod that are not used, which is most of it.
    private static let unread: Set = [
        "containers", "initContainers", "volumes", "tolerations", "affinity", "managedFields",
    ]

    /// A pod's status, and its spec without ``unread``.
    package func podStatus(named name: String) async throws(KubernetesError) -> JSONValue {
        try await self.document(
            "get pod", "GET", "\(self.podsURL)/\(name.percentEncoded)/status", success: 200, passingOver: Self.unread)
    }

    /// All matching pods, from the server's cache (`resourceVersion=0`), which may lag: a quorum read scans all pods.
    ///
    /// - Parameter selector: must match few pods, for example `sdbuild=4711`.
    package func pods(labelled selector: String) async throws(KubernetesError) -> [JSONValue] {
        try await self.page("list pods", "\(self.selecting(selector))&resourceVersion=0").items
    }

    /// Page size of long lists: 500 pods are about 4 MB.
    static let pageSize = 250

    /// Reads all matching objects, with one page in memory at a time. If the list changed too much between two pages,
    /// the server returns a token to continue with the current list; missed objects are found in the next round.
    ///
    /// - Parameter url: the collection with a selector.
    func forEachPage(_ operation: String, _ url: String, accept: String? = nil, _ body: ([JSONValue]) async -> Void)
        async throws(KubernetesError)
    {
        var next: String?
        var isExpired = false
        repeat {
            let from = next.map { "&continue=\($0.percentEncoded)" } ?? ""
            do throws(KubernetesError) {
                let page = try await self.page(operation, "\(url)&limit=\(Self.pageSize)\(from)", accept: accept)
                await body(page.items)
                (next, isExpired) = (page.next, false)
            } catch {
                // Expired twice in the same place: cannot continue.
                guard case .expired(let remainder?) = error.code, !isExpired else { throw error }
                (next, isExpired) = (remainder, true)
            }
        } while next != nil
    }

    /// Reads all matching pods (``forEachPage(_:_:accept:_:)``), without the members unused in lists.
    package func forEachPage(ofPodsLabelled selector: String, _ body: ([JSONValue]) async -> Void)
        async throws(KubernetesError)
    {
        try await self.forEachPage("list pods", self.selecting(selector), body)
    }

    private func page(_ operation: String, _ url: String, accept: String? = nil) async throws(KubernetesError) -> (
        items: [JSONValue], next: String?
    ) {
        let list = try await self.document(
            operation, "GET", url, accept: accept, success: 200, passingOver: ["managedFields"])
        guard let items = list["items"]?.array ?? (list["items"]?.isNull == true ? [] : nil) else {
            throw KubernetesError(
                operation: operation, code: .unreadableAnswer, status: 200, message: "the answer has no items")
        }
        return (items, list[path: "metadata", "continue"]?.string.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// A minimal request, to check whether the API server and its storage are readable.
    ///
    /// - Throws: errors with ``KubernetesError/isPotentialOutage``; any other response counts as an answer.
    package func probeRead() async throws(KubernetesError) {
        try await self.probe("GET", "\(self.podsURL)?limit=1", nil, success: 200)
    }

    /// A dry-run pod creation, to check whether pods can be created. Requires only the `create` permission.
    ///
    /// - Throws: as ``probeRead()``.
    package func probeWrite() async throws(KubernetesError) {
        let manifest: JSONValue = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "build-worker-probe"],
            "spec": ["containers": [["name": "probe", "image": "probe"]]],
        ]
        try await self.probe("POST", "\(self.podsURL)?dryRun=All", manifest, success: 201)
    }

    private func probe(_ method: String, _ url: String, _ body: JSONValue?, success: Int) async throws(KubernetesError)
    {
        do throws(KubernetesError) {
            _ = try await self.authorised(
                "probe", HTTPRequest(method: method, url: url, body: body?.serialized()), success: success)
        } catch  where !error.isPotentialOutage {}
    }

    /// Deletes a pod. Ignores a missing one. `isOptional`: the caller has an alternative if the permission is missing.
    package func deletePod(named name: String, isOptional: Bool = false) async throws(KubernetesError) {
        let (operation, url) = ("delete pod", "\(self.podsURL)/\(name.percentEncoded)")
        do throws(KubernetesError) {
            _ = try await self.send(
                operation, "DELETE", url, body: nil, success: 200, untold: isOptional ? .forbidden : nil)
        } catch  where error.code == .notFound {}
    }

    /// Deletes all matching pods, if any. The API server scans every pod of the namespace.
    ///
    /// - Parameter isOptional: as of ``deletePod(named:isOptional:)``.
    package func deletePods(labelled selector: String, isOptional: Bool = false) async throws(KubernetesError) {
        _ = try await self.send(
            "delete pods", "DELETE", self.selecting(selector), body: nil, success: 200,
            untold: isOptional ? .forbidden : nil)
    }

    private func selecting(_ selector: String) -> String { "\(self.podsURL)?labelSelector=\(selector.percentEncoded)" }

    func document(
        _ operation: String, _ method: String, _ url: String, body: JSONValue? = nil, contentType: String? = nil,
        accept: String? = nil, success: Int,
        passingOver unread: Set<String> = []
    ) async throws(KubernetesError) -> JSONValue {
        let response = try await self.send(
            operation, method, url, body: body, contentType: contentType, accept: accept, success: success)
        do throws(JSONError) {
            return try JSONValue(parsing: response.body, passingOver: unread)
        } catch {
            throw KubernetesError(
                operation: operation, code: .unreadableAnswer, status: response.status, message: error.description)
        }
    }

    /// - Parameter untold: a response that says nothing of the service's health.
    func send(
        _ operation: String, _ method: String, _ url: String, body: JSONValue?, contentType: String? = nil,
        accept: String? = nil, success: Int,
        untold: KubernetesError.Code? = nil
    ) async throws(KubernetesError) -> HTTPResponse {
        var request = HTTPRequest(method: method, url: url, body: body?.serialized())
        if let contentType { request.contentType = contentType }
        if let accept { request.accept = accept }
        guard let observer else { return try await self.authorised(operation, request, success: success) }
        let access: RequestAccess = method == "GET" ? .read : .write
        let probe = { @Sendable () async throws(KubernetesError) in
            try await access == .read ? self.probeRead() : self.probeWrite()
        }
        return try await observer.around(access, isNews: { $0.code != untold }, probe: probe) {
            () async throws(KubernetesError) in
            try await self.authorised(operation, request, success: success)
        }
    }

    private func authorised(_ operation: String, _ request: HTTPRequest, success: Int) async throws(KubernetesError)
        -> HTTPResponse
    {
        // POST may be sent twice, too: pods and Secrets have deterministic names, so the second one is a conflict.
        var request = request
        var response = try await self.attempt(operation, &request)
        if response.status == 401, self.token.isFromFile {
            self.token.invalidate()
            response = try await self.attempt(operation, &request)
        }
        guard response.status != success else { return response }
        let error = KubernetesError(operation, response, hiding: request.bearer.map { [$0] } ?? [])
        // A 404 for a create request means the namespace, or the API itself at that address.
        guard request.method == "POST", error.code == .notFound else { throw error }
        throw KubernetesError(
            operation: operation, code: .namespaceNotFound, status: error.status, reason: error.reason,
            message: error.message)
    }

    private func attempt(_ operation: String, _ request: inout HTTPRequest) async throws(KubernetesError)
        -> HTTPResponse
    {
        do throws(ServiceAccountToken.Missing) {
            request.bearer = try self.token.current()
        } catch { throw KubernetesError(operation: operation, code: .noToken, message: error.description) }
        do throws(HTTPError) {
            return try await self.transport.send(request, deadline: self.deadline)
        } catch {
            let code: KubernetesError.Code = error.code == .invalidToken ? .noToken : .unreachable(error.code)
            throw KubernetesError(operation: operation, code: code, message: error.description)
        }
    }
}

extension KubernetesOptions {
    /// The API server's URL with scheme and without trailing slash.
    package var serverURL: String {
        var url = self.host.contains("://") ? self.host : "https://\(self.host)"
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    package var usesTLS: Bool { self.serverURL.lowercased().hasPrefix("https:") }

    /// Path of the API server's CA certificates; `nil`: the system's. Mounted ones are those of the local cluster.
    package var authoritiesPath: String? {
        if let caFile { return caFile }
        return self.isOtherCluster || FileVersion(Self.mountedAuthorities) == nil ? nil : Self.mountedAuthorities
    }
}

extension HTTPOptions {
    /// The transport to an API server. `onProblem`: called for unusable files.
    package init(_ name: String, _ options: KubernetesOptions, onProblem: @escaping @Sendable (String) -> Void) {
        self.init(name: name)
        guard options.usesTLS else {
            self.proxy = options.proxy
            return
        }
        self.authorities = options.authoritiesPath.map { PEMFile($0, .certificates, onProblem: onProblem) }
        self.certificate = options.clientCertFile.map { PEMFile($0, .certificates, onProblem: onProblem) }
        self.key = options.clientKeyFile.map { PEMFile($0, .privateKey, onProblem: onProblem) }
        self.proxy = options.proxy
        // An HTTP/1.1-only proxy in between is detected.
        self.isMultiplexed = true
    }
}
