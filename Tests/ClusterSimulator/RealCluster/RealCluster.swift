import NIOCore

/// A real API server behind the Kubernetes port: requests are passed on to it, except those that are told to fail.
///
/// What it answers is the client's, whose token goes along; pods are made to run by a `Kubelet`.
final class RealCluster {
    let kubelet: Kubelet
    private let server: APIServer

    init(_ server: APIServer, settings: Settings.RealCluster, store: PodStore) {
        self.server = server
        kubelet = Kubelet(server, token: settings.token, namespace: settings.namespace, store: store)
    }

    func start() { kubelet.start() }

    /// Carries out a request for which no rule asks anything else.
    func perform(
        _ call: KubernetesCall, of request: Request, by api: KubernetesAPI, then done: @escaping (Performance) -> Void
    ) {
        switch call {
        case .create(let namespace, .success(let manifest)):
            guard let fault = api.imageFault(of: manifest, namespace: namespace) else {
                return create(request, then: done)
            }
            switch fault {
            case .reset(created: true), .hang(created: true):
                create(request) { performance in
                    var performance = performance
                    if case .reset = fault { performance.outcome = .reset } else { performance.outcome = .hang(nil) }
                    performance.fault = fault.name
                    done(performance)
                }
            case .refuse, .quota, .forbidden, .invalid, .noNamespace, .reset(created: false), .hang(created: false):
                done(api.performFaulty(fault, namespace: namespace, name: manifest.name, manifest: manifest))
            }
        case .watch:
            let status = KubernetesStatus(
                code: 501, reason: "NotImplemented", message: "the simulator passes no watch on")
            done(Performance(status.response))
        case .delete, .deleteCollection:
            forward(request) { response in
                guard response.status == 200 else { return done(Performance(response)) }
                do throws(JSONProblem) {
                    // One pod is answered as itself, a collection as a list.
                    let count =
                        if case .delete = call { 1 } else {
                            try ObservedPod.list(Array(response.body.readableBytesView)).pods.count
                        }
                    done(Performance(response, effect: .deleted(count)))
                } catch {
                    fatalError("the API server's answer to a deletion is not understood: \(error)")
                }
            } failed: {
                done($0)
            }
        case .create(_, .failure), .read, .list, .secret, .fixed:
            forward(request) {
                done(Performance($0))
            } failed: {
                done($0)
            }
        }
    }

    /// A pod's creation is answered when the pod has got as far as it gets at once.
    private func create(_ request: Request, then done: @escaping (Performance) -> Void) {
        forward(request) { [kubelet] response in
            guard response.status == 201 else { return done(Performance(response)) }
            do throws(JSONProblem) {
                let observed = try ObservedPod(Array(response.body.readableBytesView))
                let performance = Performance(response, effect: .created, pod: observed.manifest.name)
                guard let pod = kubelet.observe(observed) else { return done(performance) }
                kubelet.whenShown(pod) { done(performance) }
            } catch {
                fatalError("the API server's answer to a creation is not understood: \(error)")
            }
        } failed: {
            done($0)
        }
    }

    private func forward(
        _ request: Request, answered: @escaping (Response) -> Void, failed: @escaping (Performance) -> Void
    ) {
        server.send(
            request.method, request.uri, token: request.bearerToken, body: request.body,
            contentType: request.contentType ?? "application/json",
            accept: request.accept
        ) { answer in
            switch answer {
            case .success(let response): answered(response)
            case .failure(let problem):
                failed(Performance(KubernetesStatus(code: 502, reason: "BadGateway", message: "\(problem)").response))
            }
        }
    }
}
