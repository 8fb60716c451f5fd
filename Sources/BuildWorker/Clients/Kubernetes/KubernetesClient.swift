package import Support

/// The requests that the worker makes of a cluster's API server. Each is attempted once, within
/// ``KubernetesOptions/requestTimeout``; only a 401 is answered with one more attempt when the token can be read anew.
///
/// `send = observed ∘ authorised ∘ measured ∘ http`
package struct KubernetesClient: Sendable {
    private let transport: HTTPTransport
    private let token: ServiceAccountToken
    private let podsURL: String
    let secretsURL: String
    private let deadline: Duration
    /// Told of all requests but probes.
    var observer: RequestObserver?

    package init(options: KubernetesOptions, transport: HTTPTransport) {
        self.transport = transport
        self.token = ServiceAccountToken(options)
        let namespace = "\(options.serverURL)/api/v1/namespaces/\(options.jobsNamespace.percentEncoded)"
        (self.podsURL, self.secretsURL) = ("\(namespace)/pods", "\(namespace)/secrets")
        self.deadline = options.requestTimeout
    }

    /// - Returns: the pod as the API server made it (201), without ``unread``.
    package func createPod(_ manifest: JSONValue) async throws(KubernetesError) -> JSONValue {
        try await self.document(
            "create pod", "POST", self.podsURL, body: manifest, success: 201, passingOver: Self.unread)
    }

    /// What nobody asks of a single pod, which is most of it.
    private static let unread: Set = [
        "containers", "initContainers", "volumes", "tolerations", "affinity", "managedFields",
    ]

    /// Status of one pod, and its spec without ``unread``.
    package func podStatus(named name: String) async throws(KubernetesError) -> JSONValue {
        try await self.document(
            "get pod", "GET", "\(self.podsURL)/\(name.percentEncoded)/status", success: 200, passingOver: Self.unread)
    }

    /// All that match, from the server's memory (`resourceVersion=0`), which may be moments behind: with a quorum read it would go through every
    /// pod of the namespace for them.
    ///
    /// - Parameter selector: of few pods, for example `sdbuild=4711`.
    package func pods(labelled selector: String) async throws(KubernetesError) -> [JSONValue] {
        try await self.page("list pods", "\(self.selecting(selector))&resourceVersion=0").items
    }

    /// Objects that a page of a long list may have: 500 pods are about 4 MB.
    static let pageSize = 250

    /// Goes through all that match, a page at a time, so that no more than one is in memory. Where the list has changed too much between two
    /// pages, the server says how to read on in what there is now: whoever looks for something looks again in the next round.
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
                // Twice at one place is no way on.
                guard case .expired(let remainder?) = error.code, !isExpired else { throw error }
                (next, isExpired) = (remainder, true)
            }
        } while next != nil
    }

    /// Goes through all pods that match (``forEachPage(_:_:accept:_:)``), without what nobody asks of many.
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

    /// Asks for next to nothing, to see whether the API server and its store can be read.
    ///
    /// - Throws: what ``KubernetesError/isPotentialOutage`` says yes to; any other answer is one.
    package func probeRead() async throws(KubernetesError) {
        try await self.probe("GET", "\(self.podsURL)?limit=1", nil, success: 200)
    }

    /// Asks what would come of a pod's creation (`dryRun`), to see whether pods can be created at all. Makes none, and needs no
    /// other right than to create.
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

    /// One that is gone already is fine.
    ///
    /// - Parameter isOptional: whoever asks knows another way where this right is missing.
    package func deletePod(named name: String, isOptional: Bool = false) async throws(KubernetesError) {
        let (operation, url) = ("delete pod", "\(self.podsURL)/\(name.percentEncoded)")
        do throws(KubernetesError) {
            _ = try await self.send(
                operation, "DELETE", url, body: nil, success: 200, untold: isOptional ? .forbidden : nil)
        } catch  where error.code == .notFound {}
    }

    /// Deletes all that match; none is fine. Costs the API server a look at every pod of the namespace.
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

    /// - Parameter untold: an answer that says nothing of the service.
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
        // POST, too, does no harm when it is sent twice: a build's pod, or Secret, has one name, so a second one is a conflict and not another.
        var request = request
        var response = try await self.attempt(operation, &request)
        if response.status == 401, self.token.isFromFile {
            self.token.invalidate()
            response = try await self.attempt(operation, &request)
        }
        guard response.status != success else { return response }
        let error = KubernetesError(operation, response, hiding: request.bearer.map { [$0] } ?? [])
        // There is nothing to be found in a request that creates, but the namespace, or the API itself at that address.
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
    /// The API server's address with a scheme and without a trailing slash.
    package var serverURL: String {
        var url = self.host.contains("://") ? self.host : "https://\(self.host)"
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    package var usesTLS: Bool { self.serverURL.lowercased().hasPrefix("https:") }

    /// Where the CA certificates of the API server are; `nil`: the system's are trusted. What is mounted is this cluster's.
    package var authoritiesPath: String? {
        if let caFile { return caFile }
        return self.isOtherCluster || FileVersion(Self.mountedAuthorities) == nil ? nil : Self.mountedAuthorities
    }
}

extension HTTPOptions {
    /// How an API server is reached.
    ///
    /// - Parameter onProblem: told of files that cannot be used.
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
        // One behind a proxy that speaks HTTP/1.1 only is found to do so.
        self.isMultiplexed = true
    }
}
