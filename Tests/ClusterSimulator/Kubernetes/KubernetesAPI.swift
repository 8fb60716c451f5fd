import NIOCore
import NIOHTTP1

/// The pods of a kube-apiserver 1.20, as far as a build worker uses them.
struct KubernetesAPI {
    let store: PodStore
    let secrets: SecretStore
    /// The only namespace that exists; nil: every namespace does.
    let namespace: String?
    /// The only bearer token that is accepted; nil: any, or none.
    let token: String?

    // MARK: Understanding

    func call(for request: Request) -> KubernetesCall {
        if let token, request.bearerToken != token { return .fixed(KubernetesStatus.unauthorized.response) }
        let path = request.path
        if path.count >= 5, path[..<3] == ["api", "v1", "namespaces"], path[4] == "secrets" {
            return secretCall(for: request)
        }
        guard path.count >= 5, path[0] == "api", path[1] == "v1", path[2] == "namespaces", path[4] == "pods" else {
            return otherCall(for: request)
        }
        switch path.count {
        case 5: return collectionCall(for: request, namespace: path[3])
        case 6, 7:
            if path.count == 7, path[6] != "status" { return .fixed(KubernetesStatus.unknownResource.response) }
            switch request.method {
            case .GET: return .read(namespace: path[3], name: path[5])
            case .DELETE where path.count == 6: return .delete(namespace: path[3], name: path[5])
            default: return .fixed(KubernetesStatus.methodNotAllowed.response)
            }
        default: return .fixed(KubernetesStatus.unknownResource.response)
        }
    }

    /// The build that a call concerns: what the label `sdbuild` says.
    func build(of call: KubernetesCall) -> String? {
        switch call {
        case .create(_, .success(let manifest)): manifest.labels.first { $0.key == "sdbuild" }?.value
        case .read(let namespace, let name), .delete(let namespace, let name): store.pod(namespace, name)?.build
        case .list(let filter, _), .watch(let filter, _, _), .deleteCollection(let filter): filter.build
        case .secret(let call): build(of: call)
        case .create(_, .failure), .fixed: nil
        }
    }

    private func collectionCall(for request: Request, namespace: String?) -> KubernetesCall {
        if request.method == .POST, let namespace {
            let manifest = Result { () throws(JSONProblem) in try PodManifest(Array(request.body.readableBytesView)) }
            if request.parameter("dryRun") == "All" { return .fixed(dryRun(namespace, manifest)) }
            return .create(namespace: namespace, manifest)
        }
        do throws(SelectorProblem) {
            let filter = try PodFilter(
                namespace: namespace, labelSelector: request.parameter("labelSelector"),
                fieldSelector: request.parameter("fieldSelector"))
            switch request.method {
            case .GET where request.parameter("watch") != nil && request.isTrue("watch"):
                return try watchCall(filter, request)
            case .GET:
                do throws(KubernetesStatus) {
                    return .list(filter, try PodPage(request, latest: store.resourceVersion))
                } catch {
                    return .fixed(error.response)
                }
            case .DELETE where namespace != nil: return .deleteCollection(filter)
            default: return .fixed(KubernetesStatus.methodNotAllowed.response)
            }
        } catch {
            return .fixed(KubernetesStatus.badRequest(error.message).response)
        }
    }

    private func watchCall(_ filter: PodFilter, _ request: Request) throws(SelectorProblem) -> KubernetesCall {
        var start = WatchStart.everything
        if let version = request.parameter("resourceVersion"), !version.isEmpty, version != "0" {
            guard let number = Int(version) else {
                throw SelectorProblem(message: "invalid resource version \"\(version)\"")
            }
            start = .after(number)
        }
        var timeout: TimeAmount?
        if let seconds = request.parameter("timeoutSeconds") {
            guard let number = Int64(seconds), (0...1_000_000).contains(number) else {
                throw SelectorProblem(message: "invalid timeoutSeconds \"\(seconds)\"")
            }
            if number > 0 { timeout = .seconds(number) }
        }
        return .watch(filter, since: start, timeout: timeout)
    }

    private func otherCall(for request: Request) -> KubernetesCall {
        guard request.method == .GET else {
            return .fixed(KubernetesStatus.unknownResource.response)
        }
        switch request.path {
        case ["healthz"], ["livez"], ["readyz"]: return .fixed(Response(status: 200, text: "ok"))
        case ["version"]:
            let version = #"{"major":"1","minor":"20","gitVersion":"v1.20.2","platform":"simulated"}"#
            return .fixed(Response(status: 200, json: version))
        case ["api", "v1", "pods"]: return collectionCall(for: request, namespace: nil)
        default: return .fixed(KubernetesStatus.unknownResource.response)
        }
    }

    // MARK: Carrying out

    func perform(_ call: KubernetesCall) -> Performance {
        switch call {
        case .create(let namespace, let manifest):
            return create(namespace, manifest)
        case .read(let namespace, let name):
            let pod = store.pod(namespace, name)
            return Performance(pod?.response(status: 200) ?? KubernetesStatus.notFound(name).response)
        case .list(let filter, let page):
            return Performance(list(filter, page))
        case .watch(let filter, let start, let timeout):
            return Performance(.watch(filter, since: start, timeout: timeout))
        case .delete(let namespace, let name):
            guard let pod = store.pod(namespace, name) else {
                return Performance(KubernetesStatus.notFound(name).response)
            }
            store.delete(pod)
            return Performance(pod.response(status: 200), effect: .deleted(1))
        case .deleteCollection(let filter):
            let pods = store.pods(filter)
            // Shown as they were before.
            let response = list(pods)
            for pod in pods { store.delete(pod) }
            return Performance(response, effect: .deleted(pods.count))
        case .secret(let call): return perform(call)
        case .fixed(let response):
            return Performance(response)
        }
    }

    /// A page of the list that there was when its first page was asked for.
    private func list(_ filter: PodFilter, _ page: PodPage) -> Response {
        var pods = store.pods(filter)
        let version = page.continuation?.version ?? store.resourceVersion
        if let continuation = page.continuation {
            if let version = continuation.version {
                guard let gone = store.deleted(since: version, filter) else {
                    return KubernetesStatus.expired(
                        goingOnWith: PodPage.Continuation(version: nil, last: continuation.last).token
                    ).response
                }
                pods = (pods + gone).filter { $0.createdVersion <= version }.sorted {
                    ($0.namespace, $0.name) < ($1.namespace, $1.name)
                }
            }
            pods.removeAll { key(of: $0, in: filter) <= continuation.last }
        }
        guard pods.count > page.limit else { return list(page.isFromCache ? pods.reversed() : pods, version: version) }
        let shown = Array(pods.prefix(page.limit))
        let next = PodPage.Continuation(version: version, last: shown.last.map { key(of: $0, in: filter) } ?? "")
        // How many are left is known only where nothing is left out.
        let remaining = filter.isEmpty ? ",\"remainingItemCount\":\(pods.count - shown.count)" : ""
        return list(shown, version: version, more: ",\"continue\":\"\(next.token)\"\(remaining)")
    }

    private func key(of pod: Pod, in filter: PodFilter) -> String {
        filter.namespace == nil ? "\(pod.namespace)/\(pod.name)" : pod.name
    }

    /// - Parameter more: members of the list's metadata.
    private func list(_ pods: [Pod], version: Int? = nil, more: String = "") -> Response {
        var body = ByteBuffer()
        body.writeString(
            #"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"\#(version ?? store.resourceVersion)"\#(more)},"items":["#
        )
        for (index, pod) in pods.enumerated() {
            if index > 0 { body.writeStaticString(",") }
            pod.write(into: &body, as: .item)
        }
        body.writeStaticString("]}")
        return Response(status: 200, body: body)
    }
}
