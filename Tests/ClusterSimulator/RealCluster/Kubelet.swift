import Glibc
import NIOCore
import NIOHTTP1

/// Kubelet and scheduler of a real cluster's one namespace: each pod is bound to the one node, and shows on the API server
/// what its fate makes of it.
///
/// The store holds a copy of what is on the API server, pods that are gone too.
final class Kubelet {
    private struct Pushing {
        /// The stage that the API server has been told.
        var shown = PodStage.unscheduled
        var isBound = false
        var isBusy = false
        var isEnding = false
        var waiting: [() -> Void] = []
    }

    private let server: APIServer
    private let token: String
    private let namespace: String
    private let store: PodStore
    private var pushing: [String: Pushing] = [:]
    /// Of every pod ever seen: news of one that is gone may come late.
    private var seen: Set<String> = []

    /// From a failure to the next attempt.
    private static let pause = TimeAmount.milliseconds(100)

    init(_ server: APIServer, token: String, namespace: String, store: PodStore) {
        self.server = server
        self.token = token
        self.namespace = namespace
        self.store = store
    }

    func start() {
        store.follow { [unowned self] pod in push(pod) }
        PodWatch(server, token: token, namespace: namespace) { [unowned self] in hear($0) }.start()
    }

    // MARK: Hearing

    private func hear(_ event: PodWatch.Event) {
        switch event {
        case .changed(let pod): observe(pod)
        case .gone(let pod): forget(uid: pod.uid)
        case .listed(let pods):
            let present = Set(pods.map(\.uid))
            for pod in store.history where !pod.isDeleted && !present.contains(pod.uid) { forget(uid: pod.uid) }
            for pod in pods { observe(pod) }
        }
    }

    /// Takes note of a pod, which may be news or not.
    /// - Returns: the pod; nil when it is known to be gone.
    @discardableResult
    func observe(_ observed: ObservedPod) -> Pod? {
        if seen.insert(observed.uid).inserted {
            pushing[observed.uid] = Pushing()
            store.adopt(observed, namespace: namespace)
        }
        guard let pod = alive(observed.uid, observed.manifest.name) else { return nil }
        if observed.isTerminating { end(pod, slowly: pod.fate == .slowDelete) }
        return pod
    }

    private func alive(_ uid: String, _ name: String?) -> Pod? {
        guard let pod = store.pod(namespace, name ?? ""), pod.uid == uid else { return nil }
        return pod
    }

    private func forget(uid: String) {
        guard let pod = store.history.last(where: { $0.uid == uid }) else { return }
        store.remove(pod)
        let waiting = pushing.removeValue(forKey: uid)?.waiting ?? []
        for tell in waiting { tell() }
    }

    // MARK: Telling

    /// Calls `done` when the API server shows the pod's stage, or the pod is gone.
    func whenShown(_ pod: Pod, _ done: @escaping () -> Void) {
        guard let now = pushing[pod.uid], now.isBusy || now.shown != pod.stage else { return done() }
        pushing[pod.uid]?.waiting.append(done)
    }

    /// Calls `done` when the pod is gone.
    func delete(_ pod: Pod, _ done: @escaping () -> Void) {
        guard pushing[pod.uid] != nil else { return done() }
        pushing[pod.uid]?.waiting.append { [unowned self] in pod.isDeleted ? done() : delete(pod, done) }
        end(pod, slowly: false)
    }

    private func push(_ pod: Pod) {
        guard let now = pushing[pod.uid], !now.isBusy, !pod.isDeleted else { return }
        guard now.shown != pod.stage else {
            pushing[pod.uid]?.waiting = []
            for tell in now.waiting { tell() }
            return
        }
        pushing[pod.uid]?.isBusy = true
        if pod.stage.hasNode, !now.isBound { bind(pod) } else { show(pod) }
    }

    private func bind(_ pod: Pod) {
        let body = ByteBuffer(
            string: #"{"apiVersion":"v1","kind":"Binding","metadata":{"name":"\#(pod.name)","uid":"\#(pod.uid)"},"#
                + #""target":{"apiVersion":"v1","kind":"Node","name":"\#(Pod.node)"}}"#)
        send(.POST, "\(path(pod))/binding", body, for: pod) { [unowned self] status in
            // 409: it was bound before.
            guard status == 201 || status == 409 else { return pushAgain(pod, after: status) }
            pushing[pod.uid]?.isBound = true
            show(pod)
        }
    }

    private func show(_ pod: Pod) {
        let stage = pod.stage
        // The whole status, as a kubelet replaces it: what is not in it any more goes.
        var body = ByteBuffer(
            string:
                #"[{"op":"test","path":"/metadata/uid","value":"\#(pod.uid)"},{"op":"replace","path":"/status","value":"#
        )
        pod.writeStatus(into: &body)
        body.writeStaticString("}]")
        send(.PATCH, "\(path(pod))/status", body, contentType: "application/json-patch+json", for: pod) {
            [unowned self] status in
            guard status == 200 else { return pushAgain(pod, after: status) }
            pushing[pod.uid]?.shown = stage
            pushing[pod.uid]?.isBusy = false
            push(pod)
        }
    }

    /// - Parameter status: 404 when the pod is gone, which the watch will tell; nil when there was no answer.
    private func pushAgain(_ pod: Pod, after status: Int?) {
        server.loop.scheduleTask(in: Self.pause) { [self] in
            pushing[pod.uid]?.isBusy = false
            push(pod)
        }
    }

    private func end(_ pod: Pod, slowly: Bool) {
        if slowly {
            guard pushing[pod.uid]?.isEnding == false else { return }
            pushing[pod.uid]?.isEnding = true
            server.loop.scheduleTask(in: PodStore.slowDeletion) { [self] in remove(pod) }
        } else {
            pushing[pod.uid]?.isEnding = true
            remove(pod)
        }
    }

    /// What a kubelet does when a pod's containers have ended.
    private func remove(_ pod: Pod) {
        guard pushing[pod.uid] != nil else { return }
        let body = ByteBuffer(
            string:
                #"{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"\#(pod.uid)"}}"#
        )
        send(.DELETE, path(pod), body, for: pod) { [unowned self] status in
            guard status != 200, status != 404 else { return }
            server.loop.scheduleTask(in: Self.pause) { [self] in remove(pod) }
        }
    }

    private static func complain(_ problem: String) {
        var line = problem + "\n"
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private func path(_ pod: Pod) -> String { "/api/v1/namespaces/\(namespace)/pods/\(pod.name)" }

    private func send(
        _ method: HTTPMethod, _ uri: String, _ body: ByteBuffer, contentType: String = "application/json", for pod: Pod,
        then: @escaping (Int?) -> Void
    ) {
        server.send(method, uri, token: token, body: body, contentType: contentType) { answer in
            switch answer {
            case .success(let response):
                if ![200, 201, 404, 409].contains(response.status) {
                    // A status that the API server refuses is a mistake of ours, and would be tried again for ever in silence.
                    Self.complain("\(method) \(uri): \(response.status) \(String(buffer: response.body))")
                }
                then(response.status)
            case .failure: then(nil)
            }
        }
    }
}
