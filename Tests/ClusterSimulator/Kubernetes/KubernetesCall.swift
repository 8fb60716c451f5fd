import NIOCore

/// A request to the Kubernetes API, understood but not carried out.
enum KubernetesCall {
    case create(namespace: String, Result<PodManifest, JSONProblem>)
    case read(namespace: String, name: String)
    case list(PodFilter, PodPage)
    case watch(PodFilter, since: WatchStart, timeout: TimeAmount?)
    case delete(namespace: String, name: String)
    case deleteCollection(PodFilter)
    case secret(SecretCall)
    /// The answer depends on nothing, such as that to a request without a valid token.
    case fixed(Response)

    /// The pod's name, if the request has one.
    var pod: String? {
        switch self {
        case .create(_, .success(let manifest)): manifest.name
        case .read(_, let name), .delete(_, let name): name
        case .list(let filter, _), .watch(let filter, _, _), .deleteCollection(let filter): filter.name
        case .create(_, .failure), .secret, .fixed: nil
        }
    }
}
