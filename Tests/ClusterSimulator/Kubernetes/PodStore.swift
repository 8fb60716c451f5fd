import NIOCore

/// All pods, alive and remembered.
final class PodStore {
    private let startDelay: Int64
    private let loop: NIOIsolatedEventLoop
    /// Living pods by namespace and name.
    private var namespaces: [String: [String: Pod]] = [:]
    /// Living pods by their label `sdbuild`.
    private var byBuild: [String: [Pod]] = [:]
    /// Every pod since the last reset, in the order of creation.
    private(set) var history: [Pod] = []
    private(set) var alive = 0
    /// Failed attempts by namespace and name, for faults that end after some.
    private var attempts: [String: Int] = [:]
    private let watchers: PodWatchers
    /// Hears of every pod that is gone.
    var onRemoval: ((Pod) -> Void)?
    /// Hear of every pod that is new or changes, when it does.
    private var followers: [(Pod) -> Void] = []
    /// As in etcd, one counter for everything; it never goes back, not even by a reset.
    private(set) var resourceVersion = 1000

    /// How long a `slow-delete` pod stays after its deletion.
    static let slowDeletion = TimeAmount.seconds(2)

    init(startDelay: Int64, loop: NIOIsolatedEventLoop) {
        self.startDelay = startDelay
        self.loop = loop
        watchers = PodWatchers(loop: loop)
    }

    /// Successful creations since the last reset.
    var created: Int { history.count }

    // MARK: Looking

    func pod(_ namespace: String, _ name: String) -> Pod? {
        guard let pod = namespaces[namespace]?[name] else { return nil }
        refresh(pod)
        return pod
    }

    func pods(named name: String) -> [Pod] { namespaces.values.compactMap { $0[name] } }

    /// The living pods that match, in order of namespace and name as from etcd.
    func pods(_ filter: PodFilter) -> [Pod] {
        let candidates: [Pod]
        if let build = filter.build {
            candidates = byBuild[build] ?? []
        } else if let namespace = filter.namespace {
            candidates = namespaces[namespace].map { Array($0.values) } ?? []
        } else {
            candidates = namespaces.values.flatMap(\.values)
        }
        let found = candidates.filter(filter.matches)
        found.forEach(refresh)
        return found.count < 2 ? found : found.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
    }

    /// The pods that match and were deleted after that version; nil when too much was forgotten to tell.
    func deleted(since version: Int, _ filter: PodFilter) -> [Pod]? {
        version < watchers.forgottenVersion
            ? nil : watchers.deletions.filter { $0.resourceVersion > version && filter.matches($0) }
    }

    /// Forgets what was, as etcd does every few minutes: lists that were begun before cannot be continued.
    func compact() { watchers.forgetDeletions(before: resourceVersion) }

    // MARK: Changing

    /// Adds a pod whose name is free.
    func create(name: String, namespace: String, manifest: PodManifest) -> Pod {
        add(
            Pod(
                name: name, namespace: namespace, manifest: manifest, now: .now(),
                resourceVersion: nextVersion(), startDelay: startDelay))
    }

    /// Adds a pod that a real API server has. An older one of that name is gone, then.
    func adopt(_ observed: ObservedPod, namespace: String) {
        let name = observed.manifest.name ?? ""
        if let older = pod(namespace, name) { remove(older) }
        _ = add(
            Pod(
                name: name, namespace: namespace, uid: observed.uid, manifest: observed.manifest, now: .now(),
                resourceVersion: nextVersion(), startDelay: startDelay))
    }

    private func add(_ pod: Pod) -> Pod {
        namespaces[pod.namespace, default: [:]][pod.name] = pod
        if let build = pod.build { byBuild[build, default: []].append(pod) }
        history.append(pod)
        alive += 1
        announce(.added, pod)
        return pod
    }

    /// Deletes a pod, at once or, by its fate, slowly. Deleting it again changes nothing.
    func delete(_ pod: Pod) {
        guard pod.deletionTimestamp == nil else { return }
        pod.deletionTimestamp = .now()
        pod.resourceVersion = nextVersion()
        guard pod.fate == .slowDelete else { return remove(pod) }
        announce(.modified, pod)
        loop.scheduleTask(in: Self.slowDeletion) { self.remove(pod) }
    }

    /// Removes a pod without any delay.
    func remove(_ pod: Pod) {
        guard !pod.isDeleted else { return }
        pod.deletionTimestamp = pod.deletionTimestamp ?? .now()
        pod.resourceVersion = nextVersion()
        pod.isDeleted = true
        alive -= 1
        namespaces[pod.namespace]?[pod.name] = nil
        if let build = pod.build {
            byBuild[build]?.removeAll { $0 === pod }
            if byBuild[build]?.isEmpty == true { byBuild[build] = nil }
        }
        announce(.deleted, pod)
        onRemoval?(pod)
    }

    /// Whether a pod of that uid is there.
    func hasPod(_ namespace: String, uid: String) -> Bool {
        namespaces[namespace]?.values.contains { $0.uid == uid } ?? false
    }

    func change(_ pod: Pod, to fate: Fate) {
        pod.change(to: fate, now: .now(), startDelay: startDelay)
        pod.resourceVersion = nextVersion()
        announce(.modified, pod)
    }

    /// Counts an attempt to create a pod and says whether this one fails.
    func fails(_ fault: CreationFault, namespace: String, name: String) -> Bool {
        guard let times = fault.times else { return true }
        let key = "\(namespace)/\(name)"
        guard attempts[key, default: 0] < times else { return false }
        attempts[key, default: 0] += 1
        return true
    }

    func reset() {
        for pod in namespaces.values.flatMap(\.values) { remove(pod) }
        watchers.forgetDeletions(before: resourceVersion)
        namespaces.removeAll()
        byBuild.removeAll()
        history.removeAll()
        attempts.removeAll()
        alive = 0
    }

    // MARK: Watching

    func watch(_ filter: PodFilter, since start: WatchStart, on connection: Connection) {
        watchers.add(filter, since: start, on: connection, present: pods(filter))
    }

    /// Calls `hear` for every pod that is new or changes, when it does.
    func follow(_ hear: @escaping (Pod) -> Void) { followers.append(hear) }

    /// Brings a pod up to date, and tells the watchers if that changed it.
    private func refresh(_ pod: Pod) {
        guard pod.advance(to: .now()) else { return }
        pod.resourceVersion = nextVersion()
        announce(.modified, pod)
    }

    private func announce(_ change: WatchChange, _ pod: Pod) {
        watchers.announce(change, pod)
        arm(pod)
        switch change {
        case .added, .modified: for follow in followers { follow(pod) }
        case .deleted: break
        }
    }

    private func arm(_ pod: Pod) {
        watchers.arm(pod) { [unowned self] in refresh(pod) }
    }

    func nextVersion() -> Int {
        resourceVersion += 1
        return resourceVersion
    }
}
